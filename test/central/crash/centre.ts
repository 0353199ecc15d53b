import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

const run = promisify(execFile)

const program = path.resolve('dist/central/bin/okeanid-central.js')

/** What in the service is switched off, to see that the run notices: `test/central/crash/control/`. */
export type Control = 'none' | 'ack-first' | 'blind'

/** One life of the service. */
export interface Life {
  /** Where it listens; undefined when it ended before. */
  readonly port: Promise<number | undefined>
  /** How it ended. */
  readonly ended: Promise<{ readonly signal: string | null; readonly code: number | null }>
  kill(): void
  /** The last lines that it logged. */
  readonly lastLines: readonly string[]
}

/** An installation of the service, with a folder of its own. */
export interface Centre {
  /** Starts the real program. */
  start(): Life
  /** How often each event was logged, over all lives. */
  readonly logged: ReadonlyMap<string, number>
  /** What a command prints. */
  command(args: readonly string[]): Promise<string>
}

/** The key that its store is sealed with. */
export const secretKey = 'a key of the crash matrix'

/** Sets one up: short waits, no reconciliation to heal what was lost, no limits. */
export function setUpCentre({
  folder,
  url,
  brokerUrl,
  control,
}: {
  readonly folder: string
  readonly url: string
  readonly brokerUrl: string
  readonly control: Control
}): Centre {
  const file = path.join(folder, 'central.ini')
  const keyFile = path.join(folder, 'secret.key')
  writeFileSync(keyFile, `${secretKey}\n`, { mode: 0o600 })
  const quotas = ['servers', 'vcpus', 'ram', 'disk', 'networks', 'ports']
  const lines = [
    '[server]\nport = 0',
    `[store]\nurl = ${url}\nsecret_key_file = ${keyFile}`,
    `[broker]\nurl = ${brokerUrl}`,
    '[ganeti]\nlost_after = 8s\nconnect_timeout = 2s\ntimeout = 5s',
    '[reconcile]\nevery = 0s',
    `[quota]\n${quotas.map((key) => `${key} = -1`).join('\n')}`,
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  const loader = path.resolve('dist/test/central/crash/control/register.js')
  const extra = control === 'none' ? [] : ['--import', loader]
  const environment = { ...process.env, OKEANID_CONTROL: control }
  const logged = new Map<string, number>()
  return {
    logged,
    start() {
      const args = [...extra, program, 'serve', '-c', file]
      const child = spawn(process.execPath, args, {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: environment,
      })
      return lifeOf(child, logged)
    },
    async command(args) {
      const { stdout } = await run(process.execPath, [program, ...args, '-c', file])
      return stdout
    },
  }
}

function lifeOf(child: ChildProcess, logged: Map<string, number>): Life {
  const lastLines: string[] = []
  const ended = new Promise<Awaited<Life['ended']>>((resolve) =>
    child.once('exit', (code, signal) => resolve({ code, signal })),
  )
  const port = new Promise<number | undefined>((resolve) => {
    void ended.then(() => resolve(undefined))
    if (child.stderr === null) return
    createInterface({ input: child.stderr }).on('line', (line) => {
      const [event = ''] = line.split(' ')
      logged.set(event, (logged.get(event) ?? 0) + 1)
      lastLines.push(line)
      if (lastLines.length > 20) lastLines.shift()
      const found = /^started .*\bport=(\d+)/.exec(line)
      if (found !== null) resolve(Number(found[1]))
    })
  })
  return { port, ended, kill: () => void child.kill('SIGKILL'), lastLines }
}
