/**
 * Runs programs one after the other and prints how long each took: `timer.js '[{"argv": [..], "env": {..}}, ..]'`. It runs where they do,
 * so that nothing but they is in the time.
 */
import { spawnSync } from 'node:child_process'
import type { Timed, TimedResult } from './timed.js'

const results = (JSON.parse(process.argv[2] ?? '[]') as readonly Timed[]).map(run)
process.stdout.write(`${JSON.stringify(results)}\n`)

function run({ name, argv, env }: Timed): TimedResult {
  const [program = '', ...args] = argv
  const startedMs = performance.now()
  const { status, stdout, stderr } = spawnSync(program, args, {
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const tookMs = performance.now() - startedMs
  return { name, tookMs, status, text: `${stdout}${stderr}`.slice(-2000) }
}
