import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { temporaryFolder } from './temporary-folder.js'
import { until } from './until.js'

/**
 * A machine of its own as far as the network is concerned: network, mounts and host name are its own, the rest is this host's.
 *
 * The namespaces have no name anywhere. They live as long as their processes, which the kernel ends with the process that
 * made them: whatever becomes of a test, nothing of it is left.
 */
export interface Space extends AsyncDisposable {
  readonly name: string
  /** Of the process that holds the namespaces. */
  readonly pid: number
  /** Its /run, for files of its programs: this host sees it as well. */
  readonly directory: string
  /** Ends all of its programs at once, as a power cut does; its files stay. */
  readonly cutPower: () => Promise<void>
  /** What a shell script printed; it must succeed. */
  readonly sh: (script: string) => Promise<string>
  /** Starts a program. */
  readonly spawn: (argv: readonly string[], options?: SpawnOptions) => Program
  /** Runs a program to its end, whatever its status. */
  readonly run: (argv: readonly string[], options?: SpawnOptions) => Promise<Ended>
}

/** Variables beside PATH. */
export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>>
}

/** A program that has ended. */
export interface Ended {
  readonly code: number | undefined
  /** Both of its outputs. */
  readonly text: string
}

/** A program that runs in a space. */
export interface Program extends AsyncDisposable {
  readonly pid: number
  /** Both of its outputs so far. */
  readonly text: () => string
  readonly ended: Promise<Ended>
  /** Waits until it has printed something that matches, and returns the match. Text before `from` does not count. */
  readonly said: (pattern: RegExp, options?: Said) => Promise<RegExpExecArray>
  readonly signal: (signal: NodeJS.Signals) => void
  /** Ends it and waits for that. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<Ended>
}

/** Which text counts, as an offset into the program's output, and how long it is waited for. */
export interface Said {
  readonly from?: number
  readonly deadlineMs?: number
}

const programPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** What programs of a space find in /etc: copies, which they may change. */
const etcFiles =
  'alternatives dhcp dhcpcd.conf fstab group hosts iproute2 ld.so.cache ld.so.conf ld.so.conf.d nsswitch.conf passwd protocols services xtables'

/** How long a program's output is waited for after its end: processes that it has left may keep it open. */
const heldOutputMs = 300

/** How long a program may take to stop. */
const stopMs = 5000

/** Makes a space with a loopback interface; its host name is `localhost`, which DHCP clients replace. */
export async function openSpace(name: string): Promise<Space> {
  const directory = temporaryFolder(name)
  const etc = path.join(directory, 'etc')
  mkdirSync(etc)
  const setUp = `set -eu
    hostname localhost
    mount -t sysfs sysfs /sys
    for file in ${etcFiles}; do [ ! -e "/etc/$file" ] || cp -a "/etc/$file" '${etc}/'; done
    : >'${etc}/resolv.conf'
    mount --bind '${etc}' /etc
    mount --bind '${directory}' /run
    for folder in /var/lib/dhcp /var/lib/dhcpcd; do [ ! -d "$folder" ] || mount -t tmpfs -o mode=755 tmpfs "$folder"; done
    ip link set lo up
    echo ready
    exec sleep infinity`
  const unshare = ['unshare', '--net', '--mount', '--uts', '--propagation', 'private']
  const holder = start([...unshare, 'sh', '-c', setUp], {})
  const programs = new Set<Program>()
  const enter = ['nsenter', '--target', String(holder.pid), '--net', '--mount', '--uts', '--']
  const startIn = (argv: readonly string[], { env = {} }: SpawnOptions = {}): Program => {
    const program = start([...enter, ...argv], env)
    programs.add(program)
    void program.ended.then(() => programs.delete(program)) // never rejects
    return program
  }
  const cutPower = async (): Promise<void> => {
    const running = [...programs]
    killOthersIn(holder.pid) // also what programs have left behind
    await Promise.all(running.map(({ ended }) => ended))
  }
  const close = async (): Promise<void> => {
    await cutPower()
    await holder.stop('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    await holder.said(/^ready$/m, { deadlineMs: 120_000 })
  } catch (error) {
    await close()
    throw error
  }
  return {
    name,
    pid: holder.pid,
    directory,
    spawn: startIn,
    cutPower,
    run: (argv, options) => startIn(argv, options).ended,
    async sh(script) {
      const { code, text } = await startIn(['sh', '-euc', script]).ended
      if (code === 0) return text
      throw new Error(`${name}: exit status ${code}\n${script}\n${text.slice(-4000)}`)
    },
    [Symbol.asyncDispose]: close,
  }
}

/** Ends whoever else is in the network of a process: we have started them all. */
function killOthersIn(holder: number): void {
  const network = networkOf(holder)
  if (network === undefined || network === networkOf(process.pid)) return // it never had one of its own
  for (const pid of readdirSync('/proc').map(Number)) {
    if (pid > 0 && pid !== holder && networkOf(pid) === network) kill(pid)
  }
}

function networkOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`)
  } catch {
    return undefined // it has ended
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it has ended meanwhile
  }
}

/** Starts a program that does not outlive us. */
function start(argv: readonly string[], env: Readonly<Record<string, string>>): Program {
  const child: ChildProcessByStdio<null, Readable, Readable> = spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', ...argv],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: programPath, ...env },
      detached: true, // a process group of its own: dhcpcd sends signals to all of its group
    },
  )
  let text = ''
  let hasEnded = false
  let how = 'no start'
  const add = (part: Buffer): void => {
    text += part.toString()
  }
  child.stdout.on('data', add)
  child.stderr.on('data', add)
  const ended = new Promise<Ended>((resolve) => {
    const end = (code: number | null): void => {
      hasEnded = true
      resolve({ code: code ?? undefined, text })
    }
    child.once('error', (error) => {
      text += String(error)
      end(null)
    })
    child.once('exit', (code, signal) => {
      how = signal ?? `status ${code}`
      const timer = setTimeout(() => end(code), heldOutputMs)
      child.once('close', () => {
        clearTimeout(timer)
        end(code)
      })
    })
  })
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> => {
    child.kill(signal)
    child.kill('SIGCONT')
    const timer = setTimeout(() => child.kill('SIGKILL'), stopMs)
    const result = await ended
    clearTimeout(timer)
    return result
  }
  return {
    pid: child.pid ?? 0,
    text: () => text,
    ended,
    signal: (signal) => void child.kill(signal),
    stop,
    async said(pattern, { from = 0, deadlineMs = 60_000 } = {}) {
      const match = await until(
        `${pattern} of ${argv.join(' ').slice(-200)}`,
        () => pattern.exec(text.slice(from)) ?? (hasEnded ? 'ended' : undefined),
        { deadlineMs, everyMs: 5 },
      ).catch((error: unknown) => {
        throw new Error(`${String(error)}; it said:\n${text.slice(-4000)}`)
      })
      if (match === 'ended')
        throw new Error(`${argv.join(' ').slice(-200)} ended (${how}) without ${pattern}:\n${text}`)
      return match
    },
    [Symbol.asyncDispose]: async () => void (await stop()),
  }
}
