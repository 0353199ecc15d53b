/**
 * relay.js SOCKET ADDRESS PORT: the far end of a forward (forward.ts), a program of its own in the hub's network.
 *
 * Every connection to the Unix socket becomes one to the address; it says `ready` when it listens, and ends when its
 * stdin does, which is when the test that started it ends, however that comes about.
 */
import { createConnection, createServer } from 'node:net'

const [path, address, port] = process.argv.slice(2)
createServer((near) => {
  const far = createConnection({ host: address ?? '', port: Number(port) })
  near.on('error', () => far.destroy())
  far.on('error', () => near.destroy())
  near.pipe(far)
  far.pipe(near)
}).listen(path, () => process.stdout.write('ready\n'))
process.stdin.resume()
process.stdin.once('end', () => process.exit())
