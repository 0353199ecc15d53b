// @ts-check
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { StageError } from './stages.mjs'

const GRACE_MS = 10_000
const OUTPUT_CHARS = 256 * 1024

/**
 * How a program ended, and the last of what it printed (both streams).
 * @typedef {{ readonly code: number | null, readonly by: NodeJS.Signals | null, readonly output: string }} End
 */

/**
 * @typedef {object} ChildOptions
 * @property {string} command
 * @property {readonly string[]} [args]
 * @property {AbortSignal} signal ends the child: SIGTERM to its process group, SIGKILL ten seconds later
 * @property {NodeJS.ProcessEnv} [env]
 * @property {string} [cwd]
 * @property {(line: string) => void} [onLine] each line of stdout; it is then not kept as output
 * @property {(line: string) => void} [onErrorLine] each line of stderr, which is kept as output too
 * @property {boolean} [isFragile] apt-get: only asked to end (SIGINT), for dpkg must not be cut short
 */

/**
 * Runs one program to its end, without stdin, in a process group of its own; nothing of the group
 * outlives it. Never throws for an exit code; throws when the program is not there.
 * @param {ChildOptions} options
 * @returns {Promise<End>}
 */
export async function runChild({ command, args = [], signal, onLine, onErrorLine, ...rest }) {
  signal.throwIfAborted()
  const { isFragile = false, env = process.env, cwd } = rest
  const child = spawn(command, args, {
    env,
    ...(cwd === undefined ? {} : { cwd }),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let output = ''
  const keep = (/** @type {string} */ line) => {
    output = `${output}${line}\n`.slice(-OUTPUT_CHARS)
  }
  createInterface({ input: child.stdout }).on('line', onLine ?? keep)
  createInterface({ input: child.stderr }).on('line', (line) => {
    keep(line)
    onErrorLine?.(line)
  })

  const killNow = () => endGroup(child.pid, 'SIGKILL')
  /** @type {NodeJS.Timeout | undefined} */
  let force
  const stop = () => {
    if (isFragile) child.kill('SIGINT')
    else {
      endGroup(child.pid, 'SIGTERM')
      force = setTimeout(killNow, GRACE_MS)
    }
  }
  signal.addEventListener('abort', stop, { once: true })
  process.once('exit', killNow)
  try {
    /** @type {{ code: number | null, by: NodeJS.Signals | null }} */
    const end = await new Promise((resolve, reject) => {
      child.once('error', (cause) =>
        reject(new StageError(`cannot run ${command}: ${cause.message}`)),
      )
      child.once('exit', () => {
        if (!isFragile) killNow()
      })
      child.once('close', (code, by) => resolve({ code, by }))
    })
    if (signal.aborted) throw new StageError('ended', output)
    return { ...end, output }
  } finally {
    clearTimeout(force)
    process.off('exit', killNow)
    signal.removeEventListener('abort', stop)
  }
}

/**
 * Runs one program that must end with 0; otherwise the stage has failed, with its output.
 * @param {ChildOptions} options
 * @returns {Promise<string>} what it printed
 */
export async function mustRun(options) {
  const { code, by, output } = await runChild(options)
  if (code === 0) return output
  const line = [options.command, ...(options.args ?? [])].join(' ')
  throw new StageError(`${shorten(line)} ended with ${by ?? code}`, output)
}

/** @param {number | undefined} pid of the group's leader @param {NodeJS.Signals} name */
function endGroup(pid, name) {
  if (pid === undefined) return
  try {
    process.kill(-pid, name)
  } catch {
    // the group is empty: nothing is left to end
  }
}

/** @param {string} line */
function shorten(line) {
  return line.length > 120 ? `${line.slice(0, 117)}...` : line
}
