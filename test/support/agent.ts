import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { until } from './until.js'

/** A Ganeti data directory of our own, on which this host is the master. */
export interface Stage extends AsyncDisposable {
  readonly directory: string
  readonly queueDirectory: string
  readonly configFile: string
  /** Writes a version of a job file as Ganeti does: temporary name, then renamed. */
  write(id: number, text: string): void
}

/** Makes a stage whose agent talks to this broker. */
export function openStage(
  brokerUrl: string,
  {
    heartbeat = '0s',
    rescan = '10s',
    cluster = { name: 'bench', uuid: '00000000-0000-4000-8000-000000000000' },
    segment = '8M',
    parent = tmpdir(),
    state,
  }: {
    readonly heartbeat?: string
    readonly rescan?: string
    readonly cluster?: { readonly name: string; readonly uuid: string }
    readonly segment?: string
    /** Where the stage's own folder is made. */
    readonly parent?: string
    /** The agent's state directory, when it is to be elsewhere than in that folder. */
    readonly state?: string
  } = {},
): Stage {
  const directory = mkdtempSync(path.join(parent, 'okeanid-stage-'))
  const data = path.join(directory, 'var/lib/ganeti')
  const queueDirectory = path.join(data, 'queue')
  mkdirSync(queueDirectory, { recursive: true })
  const ssconf = {
    cluster_name: cluster.name,
    master_node: 'n1',
    master_candidates: 'n1',
    node_primary_ips: 'n1 127.0.0.1',
  }
  for (const [key, value] of Object.entries(ssconf))
    writeFileSync(path.join(data, `ssconf_${key}`), `${value}\n`)
  const config = { cluster: { uuid: cluster.uuid } }
  writeFileSync(path.join(data, 'config.data'), JSON.stringify(config))
  const configFile = path.join(directory, 'okeanid.ini')
  const sections = {
    ganeti: `root = ${directory}`,
    agent: `state_directory = ${state ?? path.join(directory, 'state')}\nruntime_directory = ${directory}/run`,
    events: `heartbeat = ${heartbeat}\nrescan = ${rescan}`,
    broker: `url = ${brokerUrl}`,
    outbox: `segment_size = ${segment}`,
  }
  writeFileSync(
    configFile,
    Object.entries(sections)
      .map(([name, text]) => `[${name}]\n${text}\n`)
      .join(''),
  )
  let count = 0
  return {
    directory,
    queueDirectory,
    configFile,
    write(id, text) {
      const temp = path.join(
        queueDirectory,
        `job-${id}${(count++).toString(36).padStart(8, '_')}.new`,
      )
      writeFileSync(temp, text)
      renameSync(temp, path.join(queueDirectory, `job-${id}`))
    },
    async [Symbol.asyncDispose]() {
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** A program of this tree that runs. */
export interface Measured extends AsyncDisposable {
  readonly child: ChildProcess
  readonly pid: number
  /** Lines of its standard error so far. */
  readonly log: () => string
}

/** Starts a program of this tree with the Node that runs us and a clean environment. */
export function startProgram(argv: readonly string[]): Measured {
  const flags = ['--max-semi-space-size=1'] // as in systemd/okeanid-agent.service
  const child = spawn(process.execPath, [...flags, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '' },
  })
  let log = ''
  child.stderr?.on('data', (part) => {
    log += String(part)
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    child,
    pid: child.pid ?? 0,
    log: () => log,
    async [Symbol.asyncDispose]() {
      child.kill('SIGCONT')
      child.kill('SIGTERM')
      await exited
    },
  }
}

/** Starts the agent as an operator would. */
export function startAgent(stage: Stage): Measured {
  return startProgram([
    'dist/agent/bin/okeanid.js',
    'agent',
    '--role',
    'events',
    '--config',
    stage.configFile,
  ])
}

/** Waits for a line of a program's log. */
export async function logged(
  measured: Measured,
  pattern: RegExp,
  deadlineMs = 120_000,
): Promise<string> {
  return await until(
    `a log line ${pattern}; the log was:\n${measured.log()}`,
    () => pattern.exec(measured.log())?.[0],
    {
      deadlineMs,
      everyMs: 2,
    },
  )
}
