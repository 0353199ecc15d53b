import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import type { Readable } from 'node:stream'
import { AgentError, systemCode } from '#errors.js'
import { type Addon, loadAddon } from './native.js'

/** How a program ended. */
export interface ProgramRun {
  /** Exit status; -1 when a signal ended it. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** What a program gets and may take. */
export interface ProgramLimits {
  /** Variables beside PATH and LC_ALL. */
  readonly environment?: Readonly<Record<string, string>>
  /** A descriptor that it gets as its standard input; `input` is of no account then. */
  readonly inputFd?: number
  /** Then it is killed. */
  readonly timeoutMs?: number
  /** Of each output; what comes beyond is passed over. */
  readonly maxOutputBytes?: number
}

/** Where Debian has its programs; what our own caller calls PATH is of no account. */
const baseEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
}

/** Longer than any of these programs takes, also while another holds iptables' lock. */
const defaultTimeoutMs = 20_000

/** How long the output of an ended program is waited for. */
const heldOutputMs = 500

/** A listing of the rules of ten thousand NICs has some ten MiB. */
const defaultOutputBytes = 256 * 1024 * 1024

/**
 * Runs a program of the system to its end, without a shell.
 * @throws AgentError PROGRAM_FAILED when it is not installed or does not end; how it ended is the caller's to judge
 */
export function runProgram(
  program: string,
  args: readonly string[],
  input = '',
  {
    environment = {},
    inputFd,
    timeoutMs = defaultTimeoutMs,
    maxOutputBytes = defaultOutputBytes,
  }: ProgramLimits = {},
): Promise<ProgramRun> {
  return new Promise((resolve, reject) => {
    const env = { ...environment, ...baseEnvironment }
    const child = spawn(program, args, { env, stdio: [inputFd ?? 'pipe', 'pipe', 'pipe'] })
    const out = collect(child.stdout, maxOutputBytes)
    const err = collect(child.stderr, maxOutputBytes)
    const letGo = (): void => {
      clearTimeout(timer)
      for (const stream of child.stdio) stream?.destroy()
      child.unref() // not even SIGKILL ends who is stuck in the kernel
    }
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      letGo()
      reject(new AgentError('PROGRAM_FAILED', `${program} did not end within ${timeoutMs} ms`))
    }, timeoutMs)
    child.stdin?.on('error', () => undefined) // it ended before it read all; its exit status says why
    child.on('error', (cause) => {
      clearTimeout(timer)
      reject(new AgentError('PROGRAM_FAILED', startProblem(program, cause), { cause }))
    })
    const finish = (code: number | null): void => {
      letGo()
      resolve({ code: code ?? -1, stdout: text(out), stderr: text(err) })
    }
    child.on('close', finish)
    child.on('exit', (code) => {
      // what it left running in the background may keep its output open for ever
      const grace = setTimeout(() => finish(code), heldOutputMs)
      child.on('close', () => clearTimeout(grace))
    })
    child.stdin?.end(input)
  })
}

/**
 * The same, but everything stands still meanwhile: for programs of a few milliseconds that a guest's start waits for, to whom Node's
 * own way costs as much again. Where there is no addon that way has to do.
 *
 * @throws AgentError PROGRAM_FAILED when it is not installed or does not end
 */
export async function runProgramHere(
  program: string,
  args: readonly string[],
  input: string,
  { timeoutMs }: { readonly timeoutMs: number },
): Promise<ProgramRun> {
  const addon = addonOrNone()
  if (addon === undefined) return await runProgram(program, args, input, { timeoutMs })
  const env = Object.entries(baseEnvironment).map(([name, value]) => `${name}=${value}`)
  try {
    return addon.runProgram({
      program: pathOf(program),
      args,
      env,
      input,
      timeoutMs,
      maxOutputBytes: defaultOutputBytes,
    })
  } catch (cause) {
    const problem =
      systemCode(cause) === 'ETIMEDOUT'
        ? `${program} did not end within ${timeoutMs} ms`
        : startProblem(program, cause)
    throw new AgentError('PROGRAM_FAILED', problem, { cause })
  }
}

function addonOrNone(): Addon | undefined {
  try {
    return loadAddon()
  } catch {
    return undefined
  }
}

/** Where a program is, as execvp(3) finds it; its bare name when it is nowhere. */
function pathOf(program: string): string {
  const paths = baseEnvironment.PATH.split(':').map((folder) => `${folder}/${program}`)
  return paths.find(isExecutable) ?? program
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Runs a program that has to succeed, and gives what it printed.
 * @throws AgentError PROGRAM_FAILED with the first line of its complaint
 */
export async function runOk(
  program: string,
  args: readonly string[],
  input?: string,
): Promise<string> {
  const { code, stdout, stderr } = await runProgram(program, args, input)
  if (code === 0) return stdout
  const complaint = stderr.split('\n').find((line) => line.trim() !== '' && !line.startsWith('#'))
  throw new AgentError(
    'PROGRAM_FAILED',
    `${program} ${args.join(' ')}: ${complaint ?? `ended with status ${code}`}`,
  )
}

function startProblem(program: string, cause: unknown): string {
  return systemCode(cause) === 'ENOENT'
    ? `${program} is not installed; apt install the package that has it`
    : `${program} does not start (${systemCode(cause) ?? String(cause)})`
}

/** All that a program prints, up to a limit; it may go on printing, for a full pipe would stop it. */
function collect(stream: Readable | null, maxBytes: number): readonly Buffer[] {
  const parts: Buffer[] = []
  let room = maxBytes
  stream?.on('data', (part: Buffer) => {
    if (room > 0) parts.push(part.subarray(0, room))
    room -= part.length
  })
  return parts
}

function text(parts: readonly Buffer[]): string {
  return Buffer.concat(parts).toString()
}
