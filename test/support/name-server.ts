import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { promisify } from 'node:util'
import { until } from './until.js'

const run = promisify(execFile)

/** A real BIND on the loopback that takes signed updates for its zones. */
export interface NameServer extends AsyncDisposable {
  readonly port: number
  /** TSIG key, as nsupdate -k reads it. */
  readonly keyFile: string
  /** What it answers, one record a line. */
  ask(name: string, type: string): Promise<string>
}

/**
 * Why there is none here; undefined where there is.
 * @throws Error with that reason when `CI=true`
 */
export function nameServerUnavailable(): string | undefined {
  const lacks =
    existsSync('/usr/sbin/named') && existsSync('/usr/bin/nsupdate') ? undefined : 'bind9'
  const reason = lacks && `missing: ${lacks}; npm run setup installs it`
  if (reason !== undefined && process.env['CI'] === 'true') throw new Error(reason)
  return reason
}

/** Starts one, with empty zones. */
export async function openNameServer(
  directory: string,
  zones: readonly string[],
): Promise<NameServer> {
  mkdirSync(directory, { recursive: true })
  const port = await freePort()
  const keyFile = `${directory}/update.key`
  const secret = Buffer.from('a secret of a test').toString('base64')
  writeFileSync(keyFile, `key "update" { algorithm hmac-sha256; secret "${secret}"; };\n`)
  const blocks = zones.map((zone) => {
    writeFileSync(
      `${directory}/${zone}`,
      '@ 300 IN SOA ns admin 1 3600 600 86400 300\n@ 300 IN NS ns.example.net.\n',
    )
    return `zone "${zone}" { type primary; file "${directory}/${zone}"; allow-update { key "update"; }; };`
  })
  const configuration = `include "${keyFile}";
options {
  directory "${directory}"; pid-file none; session-keyfile none; lock-file none;
  listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; };
  recursion no; dnssec-validation no; managed-keys-directory "${directory}";
};
controls {};
${blocks.join('\n')}
`
  writeFileSync(`${directory}/named.conf`, configuration)
  const child = spawn('/usr/sbin/named', ['-g', '-c', `${directory}/named.conf`, '-n', '1'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (part: Buffer) => {
    said += part.toString()
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const ask = async (name: string, type: string): Promise<string> => {
    const where = [
      '@127.0.0.1',
      '-p',
      String(port),
      '+tries=1',
      '+time=2',
      '+noall',
      '+answer',
      '+short',
    ]
    return (await run('dig', [...where, name, type])).stdout
  }
  const close = async (): Promise<void> => {
    child.kill('SIGTERM')
    await exited
  }
  try {
    await until(
      `BIND to run: ${said}`,
      () => {
        if (child.exitCode !== null) throw new Error(`named ended:\n${said}`)
        return /\brunning$/m.test(said) || undefined
      },
      { deadlineMs: 60_000 },
    )
  } catch (error) {
    await close()
    throw error
  }
  return { port, keyFile, ask, [Symbol.asyncDispose]: close }
}

/** TCP says which one is free; that somebody takes its UDP twin in between is unlikely enough. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        resolve(typeof address === 'object' && address !== null ? address.port : 0),
      )
    })
  })
}
