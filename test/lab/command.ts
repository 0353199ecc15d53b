import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

/** What a finished command said. `code` is -1 when a signal ended it. */
export interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** How a command is run: text for its stdin (otherwise empty), and a signal that ends it. */
export interface CommandOptions {
  readonly input?: string
  readonly signal?: AbortSignal
}

/** A child process whose three streams are pipes. */
export type PipedChild = ChildProcessByStdio<Writable, Readable, Readable>

/** The `lab` script of this source tree (the compiled tests are in `dist/`, scripts are not). */
export const labScript = fileURLToPath(new URL('../../../test/lab/lab', import.meta.url))

/**
 * Why no lab can be brought up here (not root, programs missing), or undefined when one can.
 *
 * @throws Error with that reason when `REQUIRE_LAB=1` or `CI=true` is set: there a skip would be a lie.
 */
export function labUnavailable(): string | undefined {
  const reason = reasonAgainst()
  if (reason === undefined) return undefined
  if (process.env['REQUIRE_LAB'] === '1' || process.env['CI'] === 'true') {
    throw new Error(`a lab is required, but: ${reason}`)
  }
  return reason
}

/** A run's name that no other test has; it carries our pid for whoever reads `lab list`. */
export function freshRunName(kind: string): string {
  return `${kind}-${process.pid}-${randomBytes(3).toString('hex')}`
}

/** Starts `lab --run RUN ARGS..` with piped streams. */
export function spawnLab(run: string, args: readonly string[]): PipedChild {
  return spawn(labScript, ['--run', run, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
}

/** Runs `lab --run RUN ARGS..` to its end, whatever its exit status. */
export async function runLab(
  run: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<Finished> {
  return await finished(spawnLab(run, args), options)
}

/** Runs `lab --run RUN ARGS..`, which must succeed, and returns its stdout. */
export async function runLabOk(
  run: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  return stdoutOf(`lab ${args.join(' ')}`, await runLab(run, args, options))
}

/** The stdout of a command that succeeded; throws an Error with its last words otherwise. */
export function stdoutOf(what: string, { code, stdout, stderr }: Finished): string {
  if (code === 0) return stdout
  throw new Error(`${what}: exit status ${code}\n${`${stdout}${stderr}`.slice(-4000)}`)
}

function reasonAgainst(): string | undefined {
  if (!existsSync(labScript)) return `there is no ${labScript}`
  try {
    execFileSync(labScript, ['check'], { stdio: ['ignore', 'pipe', 'ignore'] })
    return undefined
  } catch (error) {
    const said = error instanceof Error && 'stdout' in error ? String(error.stdout).trim() : ''
    return said === '' ? String(error) : said.replaceAll('\n', '; ')
  }
}

/** Waits for a child to end, with what it wrote. */
export function finished(child: PipedChild, { input, signal }: CommandOptions): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    const abort = (): void => {
      child.kill('SIGTERM')
    }
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    child.stdin.on('error', () => undefined) // a command need not read its input
    child.stdin.end(input ?? '')
    child.once('error', reject)
    child.once('close', (code) => {
      signal?.removeEventListener('abort', abort)
      resolve({
        code: code ?? -1,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
      })
    })
    if (signal?.aborted === true) abort()
    signal?.addEventListener('abort', abort, { once: true })
  })
}
