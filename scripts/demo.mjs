// @ts-check
// npm run demo [-- ARGS]: installs what is missing, makes the lab's cache, and runs the demo, which is
// the program demo/demo.ts. It gets our arguments, terminal and signals; afterwards the labs are swept.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { limitsSentence, readHost } from './host.mjs'
import { buildLab, sweepLabs } from './lab.mjs'
import { runProgram } from './program.mjs'
import { setUp } from './setup-stages.mjs'
import { openStages } from './stages.mjs'

const DEMO = 'dist/demo/demo.js'

await runProgram(async (signal) => {
  const host = readHost()
  if (!host.canInstall) {
    console.error(limitsSentence(host))
    return false
  }
  const stages = openStages(signal)
  const { isReady, isTyped } = await setUp({
    stages,
    purposes: ['build', 'lab', 'packages'],
    signal,
  })
  if (!isReady || !isTyped) return false
  if (!existsSync(DEMO)) {
    console.error(`There is no demo yet: ${DEMO}, from demo/demo.ts.`)
    return false
  }
  if (!(await buildLab(stages))) return false
  try {
    return await runDemo(process.argv.slice(2), signal)
  } finally {
    await sweepLabs(stages)
  }
})

/**
 * In our own process group, so that it may read from the terminal; a Ctrl-C there reaches it directly,
 * other signals are handed on.
 * @param {readonly string[]} args
 * @param {AbortSignal} signal
 * @returns {Promise<boolean>} true when it ended with 0
 */
async function runDemo(args, signal) {
  const child = spawn(process.execPath, [DEMO, ...args], { stdio: 'inherit' })
  const stop = () => {
    const isFromTerminal = signal.reason === 'SIGINT' && process.stdin.isTTY
    if (!isFromTerminal) child.kill(signal.reason === 'SIGINT' ? 'SIGINT' : 'SIGTERM')
  }
  const killNow = () => child.kill('SIGKILL')
  process.once('exit', killNow) // a second Ctrl-C
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code) => resolve(code === 0))
    })
  } finally {
    process.off('exit', killNow)
    signal.removeEventListener('abort', stop)
  }
}
