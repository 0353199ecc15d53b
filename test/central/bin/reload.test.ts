import { spawn } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import net, { type AddressInfo } from 'node:net'
import path from 'node:path'
import { createInterface } from 'node:readline'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import { makeAuthority } from '../../support/certificates.js'
import { temporaryFolder } from '../../support/temporary-folder.js'
import { until } from '../../support/until.js'
import { centre, command, program } from './centre.js'

/** For machines on which much else goes on. */
const patient = { deadlineMs: 240_000 }

t.test('a reload, while the service runs', async (t) => {
  const [one, other] = [await openPlace(t), await openPlace(t)]
  const { folder, file } = centre(t, [])
  const authority = makeAuthority(path.join(folder, 'authority'))
  const [first, second] = [authority.sign('first.example'), authority.sign('second.example')]
  const [certFile, keyFile] = [path.join(folder, 'cert.pem'), path.join(folder, 'key.pem')]
  const install = ({ cert, key }: typeof first) => {
    writeFileSync(certFile, cert)
    writeFileSync(keyFile, key)
  }
  install(first)
  const text = readFileSync(file, 'utf8').replace(
    '[server]\n',
    `[server]\ncert_file = ${certFile}\nkey_file = ${keyFile}\n`,
  )
  const configure = (...further: readonly string[]) =>
    writeFileSync(file, `${[text, ...further].join('\n')}\n`)
  const brokerAt = ({ port }: Place) => `[broker]\nurl = amqp://u:p@127.0.0.1:${port}/`
  configure(brokerAt(one))
  const { port, lines, reload } = await serve(t, file)

  await t.test('holds for connections to the broker', async (t) => {
    await until('the broker to be sought', () => (one.sought() > 0 ? true : undefined), patient)
    t.equal(other.sought(), 0)
    configure(brokerAt(other))
    t.match(await reload(), { code: 0, out: 'central: holds now: [broker] url\n' })
    await until(
      'the other broker to be sought',
      () => (other.sought() > 0 ? true : undefined),
      patient,
    )
    const before = one.sought()
    const beside = other.sought()
    await until(
      'it to be sought again',
      () => (other.sought() > beside ? true : undefined),
      patient,
    )
    t.equal(one.sought(), before, 'the one before is left alone')
  })

  await t.test('holds for the certificate, also when only its file is another', async (t) => {
    t.equal(await nameAt(port, authority.ca), 'first.example')
    install(second)
    t.equal(await nameAt(port, authority.ca), 'first.example', 'before the reload')
    t.match(await reload(), { code: 0, out: 'central: nothing has changed\n' })
    t.equal(await nameAt(port, authority.ca), 'second.example')
  })

  await t.test('of what cannot be used changes nothing', async (t) => {
    install({ ...first, key: second.key })
    const refused = await reload()
    t.equal(refused.code, 78)
    t.match(refused.error, /cert_file and key_file cannot be used .*what held before still holds/)
    t.equal(await nameAt(port, authority.ca), 'second.example')
    install(second)
    configure(brokerAt(other), 'password_file = /nonexistent')
    const missing = await reload()
    t.equal(missing.code, 78)
    t.match(missing.error, /password_file|\/nonexistent/)
    const beside = other.sought()
    await until('it to be sought on', () => (other.sought() > beside ? true : undefined), patient)
  })

  await t.test('says what holds after a restart only', async (t) => {
    configure(brokerAt(other), '[reconcile]\nevery = 7m', '[log]\nlevel = debug')
    const { code, out } = await reload()
    t.equal(code, 0)
    t.match(out, /^central: holds now: \[log\] level$/m)
    t.match(out, /^central: holds after a restart only: \[reconcile\] every$/m)
    await fetchStatus(port, authority.ca)
    await until('an answer in the log, which level debug brings', () =>
      lines.some((line) => /^answered .*route=\/healthz/.test(line)) ? true : undefined,
    )
  })
})

/** The service, and a way to tell it to reload. */
async function serve(t: Test, file: string) {
  const runtime = temporaryFolder('reload')
  const environment = { ...process.env, RUNTIME_DIRECTORY: runtime }
  const service = spawn(process.execPath, [program, 'serve', '-c', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: environment,
  })
  t.teardown(() => {
    service.kill('SIGKILL')
    rmSync(runtime, { recursive: true, force: true })
  })
  const lines: string[] = []
  createInterface({ input: service.stderr }).on('line', (line) => lines.push(line))
  const port = await until(
    'it to listen',
    () => {
      for (const line of lines) {
        const [, found] = /^started .* port=(\d+) tls=true$/.exec(line) ?? []
        if (found !== undefined) return Number(found)
      }
      if (service.exitCode !== null) throw new Error(lines.join('\n'))
      return undefined
    },
    patient,
  )
  const reload = () => command(['reload', '-c', file], { environment })
  return { port, lines, reload }
}

/** Somewhere that a broker may be: what comes is counted and sent away. */
interface Place {
  readonly port: number
  readonly sought: () => number
}

async function openPlace(t: Test): Promise<Place> {
  let count = 0
  const server = net.createServer((socket) => {
    count += 1
    socket.on('error', () => {})
    socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return { port: (server.address() as AddressInfo).port, sought: () => count }
}

/** The name in the certificate that is shown at a port. */
function nameAt(port: number, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, ca, checkServerIdentity: () => undefined }
    const socket = tls.connect(options, () => {
      resolve(String(socket.getPeerCertificate().subject.CN))
      socket.destroy()
    })
    socket.once('error', reject)
  })
}

/** Asks for `/healthz`. */
function fetchStatus(port: number, ca: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, ca, checkServerIdentity: () => undefined }
    const socket = tls.connect(options, () => {
      socket.end('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    })
    socket.resume()
    socket.once('close', () => resolve())
    socket.once('error', reject)
  })
}
