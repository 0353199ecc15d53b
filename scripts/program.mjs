// @ts-check
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

/** The repository's root, absolute. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')

const MIN_NODE = { major: 20, minor: 19 }
const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])
const LOOK_FOR_PARENT_MS = 1000
/** npm forwards a Ctrl-C that the terminal has already sent us: within this time it is the same one. */
const SAME_SIGNAL_MS = 1000

/**
 * Runs a program in the repository's root: its signal aborts on Ctrl-C, SIGTERM and SIGHUP, and it has
 * the time to clean up; a second Ctrl-C ends it at once. Sets the exit code: 0, 1, or 128 + signal.
 * @param {(signal: AbortSignal) => Promise<boolean>} main true when all went well
 */
export async function runProgram(main) {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < MIN_NODE.major || (major === MIN_NODE.major && minor < MIN_NODE.minor)) {
    const least = `${MIN_NODE.major}.${MIN_NODE.minor}`
    console.error(`Okeanid needs Node ${least} or newer; this is ${process.version}.`)
    process.exitCode = 1
    return
  }
  process.chdir(ROOT)
  const controller = new AbortController()
  let firstMs = 0
  for (const name of SIGNALS) {
    process.on(name, () => {
      if (!controller.signal.aborted) {
        firstMs = Date.now()
        console.log(`\n${name}: cleaning up`)
        controller.abort(name)
      } else if (Date.now() - firstMs > SAME_SIGNAL_MS) process.exit(128 + constants.signals[name])
    })
  }
  const watch = watchParent(() => controller.abort('SIGHUP'))
  const isGood = await main(controller.signal)
  clearInterval(watch)
  const { aborted, reason } = controller.signal
  process.exitCode = aborted ? 128 + signalNumber(reason) : isGood ? 0 : 1
}

/**
 * npm that is killed tells us nothing, and nobody would see how we end: as if the terminal had gone.
 * @param {() => void} onGone
 */
function watchParent(onGone) {
  if (process.env['npm_lifecycle_event'] === undefined) return undefined
  const parent = process.ppid
  const look = () => {
    if (process.ppid !== parent) onGone()
  }
  return setInterval(look, LOOK_FOR_PARENT_MS).unref()
}

/** @param {unknown} reason */
function signalNumber(reason) {
  const name = SIGNALS.find((known) => known === reason)
  return name === undefined ? 0 : constants.signals[name]
}
