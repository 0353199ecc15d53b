import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import path from 'node:path'
import { temporaryFolder } from './temporary-folder.js'
import { until } from './until.js'

/** A PostgreSQL of our own behind a unix socket, with its data in memory where there is a /dev/shm. */
export interface Postgres extends AsyncDisposable {
  /** Of a new empty database. */
  readonly url: (database: string) => string
  /** Stops it with SIGKILL; what was committed stays. */
  readonly kill: () => Promise<void>
  /** Starts it again. */
  readonly start: () => Promise<void>
  readonly close: () => Promise<void>
}

const folder = '/usr/lib/postgresql'

/**
 * Why there can be no PostgreSQL here, or undefined.
 * @throws Error with that reason when `REQUIRE_LAB=1` or `CI=true` is set: there a skip would be a lie
 */
export function postgresUnavailable(): string | undefined {
  const reason =
    binFolder() === undefined
      ? 'PostgreSQL is not installed: apt-get install postgresql'
      : process.getuid?.() === 0
        ? undefined
        : 'PostgreSQL is started as its own user, which needs root'
  if (reason === undefined) return undefined
  if (process.env['REQUIRE_LAB'] === '1' || process.env['CI'] === 'true') {
    throw new Error(`PostgreSQL is required, but: ${reason}`)
  }
  return reason
}

/** Starts one (three seconds), with durable commits unless `isFast`. */
export async function startPostgres({ isFast = true } = {}): Promise<Postgres> {
  const bin = binFolder()
  if (bin === undefined) throw new Error('PostgreSQL is not installed')
  const home = temporaryFolder('pg', existsSync('/dev/shm') && isFast ? '/dev/shm' : undefined)
  const data = path.join(home, 'data')
  const { uid, gid } = owner()
  mkdirSync(data, { mode: 0o700 })
  for (const one of [home, data]) chownSync(one, uid, gid)
  const identity = { uid, gid, cwd: home, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' } }
  const initdb = ['-D', data, '-U', 'okeanid', '-A', 'trust', '-E', 'UTF8', '--no-sync']
  execFileSync(path.join(bin, 'initdb'), initdb, { ...identity, stdio: 'ignore' })
  let server: ChildProcess | undefined
  const made = new Set<string>()

  async function start(): Promise<void> {
    const quick = isFast ? ['-c', 'fsync=off'] : []
    const args = ['-D', data, '-k', home, '-c', 'listen_addresses=', ...quick]
    server = spawn(path.join(bin ?? '', 'postgres'), args, { ...identity, stdio: 'ignore' })
    await until('PostgreSQL to answer', async () =>
      (await isListening(home)) && canQuery(bin ?? '', home) ? true : undefined,
    )
  }
  async function stop(signal: NodeJS.Signals): Promise<void> {
    const running = server
    server = undefined
    if (running === undefined || running.exitCode !== null) return
    const ended = new Promise((resolve) => running.once('exit', resolve))
    running.kill(signal)
    await ended
  }
  async function close(): Promise<void> {
    await stop('SIGQUIT')
    rmSync(home, { recursive: true, force: true })
  }
  await start()
  return {
    url(database) {
      if (!made.has(database)) psql(bin, home, `CREATE DATABASE "${database}"`)
      made.add(database)
      return `postgres://okeanid@localhost/${database}?host=${encodeURIComponent(home)}`
    },
    kill: () => stop('SIGKILL'),
    start,
    close,
    [Symbol.asyncDispose]: close,
  }
}

function binFolder(): string | undefined {
  if (!existsSync(folder)) return undefined
  const versions = readdirSync(folder).sort((a, b) => Number(b) - Number(a))
  return versions
    .map((version) => path.join(folder, version, 'bin'))
    .find((bin) => existsSync(path.join(bin, 'initdb')))
}

/** The package's user. */
function owner(): { readonly uid: number; readonly gid: number } {
  const idOf = (flag: string) =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: idOf('-u'), gid: idOf('-g') }
}

function isListening(home: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path.join(home, '.s.PGSQL.5432'))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function canQuery(bin: string, home: string): boolean {
  try {
    psql(bin, home, 'SELECT 1')
    return true
  } catch {
    return false
  }
}

function psql(bin: string, home: string, sql: string): void {
  const args = ['-h', home, '-U', 'okeanid', '-d', 'postgres', '-qAtc', sql]
  execFileSync(path.join(bin, 'psql'), args, { stdio: ['ignore', 'ignore', 'ignore'] })
}
