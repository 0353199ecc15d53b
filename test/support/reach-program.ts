/**
 * Stands for a host of a test: answers on the ports that its arguments name and tries those of others. Started by `reach.ts`.
 *
 * `reach-program SOCKET tcp/22 udp/53 ..` answers in both families and on each of its addresses: what comes in goes back. Each
 * connection to SOCKET brings one line of JSON, a {@link ReachQuestion}, and gets one back, the doors that answered.
 */
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createConnection, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { ReachQuestion } from './reach.js'

const [path = '', ...doors] = process.argv.slice(2)

/** A socket for each: an answer must come from the address that was asked. */
const addresses = Object.values(networkInterfaces()).flatMap((all = []) =>
  all.flatMap(({ address }) => (address.startsWith('fe80:') ? [] : [address])),
)

for (const door of doors) {
  const [protocol, text] = door.split('/')
  await (protocol === 'tcp' ? echoTcp(Number(text)) : echoUdp(Number(text)))
}
const control = createServer((socket) => {
  socket.setEncoding('utf8')
  socket.on('error', () => socket.destroy())
  socket.once('data', async (line) => {
    const question = JSON.parse(String(line)) as ReachQuestion
    const answered = await Promise.all(question.doors.map((door) => tries(question, door)))
    socket.end(JSON.stringify(question.doors.filter((_, index) => answered[index])))
  })
})
control.listen(path)
await once(control, 'listening')
process.stdout.write('ready\n')

async function echoTcp(port: number): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.pipe(socket)
  })
  server.listen(port, '::')
  await once(server, 'listening')
}

async function echoUdp(port: number): Promise<void> {
  for (const address of addresses) {
    const socket = createSocket({ type: familyOf(address), reuseAddr: true })
    socket.on('message', (bytes, from) => socket.send(bytes, from.port, from.address))
    socket.bind(port, address)
    await once(socket, 'listening')
  }
}

function tries({ address, patienceMs }: ReachQuestion, door: string): Promise<boolean> {
  const [, protocol, text = '', from] = /^(\w+)(?:\/(\d+))?(?:@(\d+))?$/.exec(door) ?? []
  const options = { address, patienceMs, port: Number(text), localPort: Number(from ?? 0) }
  if (protocol === 'icmp') return pings({ ...options, size: text === '' ? '56' : text })
  return protocol === 'tcp' ? connects(options) : asks(options)
}

interface Try {
  readonly address: string
  readonly patienceMs: number
  readonly port: number
  /** 0 for any. */
  readonly localPort: number
}

function connects({ address, patienceMs, port, localPort }: Try): Promise<boolean> {
  return new Promise((resolve) => {
    const local = localPort === 0 ? {} : { localPort }
    const socket = createConnection({ host: address, port, ...local })
    const end = (isOpen: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(isOpen)
    }
    const timer = setTimeout(end, patienceMs, false)
    socket.once('connect', () => socket.write('hello'))
    socket.once('data', () => end(true))
    socket.once('error', () => end(false))
  })
}

function asks({ address, patienceMs, port, localPort }: Try): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: familyOf(address), reuseAddr: true })
    const end = (isOpen: boolean) => {
      clearTimeout(timer)
      socket.close()
      resolve(isOpen)
    }
    const timer = setTimeout(end, patienceMs, false)
    socket.once('message', () => end(true))
    socket.once('error', () => end(false))
    socket.once('connect', () => socket.send('hello'))
    socket.bind(localPort, () => socket.connect(port, address)) // so that no other address can answer
  })
}

function pings({ address, patienceMs, size }: Try & { readonly size: string }): Promise<boolean> {
  return new Promise((resolve) => {
    const seconds = String(patienceMs / 1000)
    const child = spawn('ping', ['-c', '1', '-W', seconds, '-s', size, address], {
      stdio: 'ignore',
    })
    child.once('error', () => resolve(false))
    child.once('close', (code) => resolve(code === 0))
  })
}

function familyOf(address: string): 'udp4' | 'udp6' {
  return address.includes(':') ? 'udp6' : 'udp4'
}
