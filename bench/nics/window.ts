/**
 * Flushes all rules and prints how long those of a tap were away, milliseconds from before `nft flush ruleset` was started:
 * `window.js TAP`.
 */
import { spawnSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { parseIfName } from '#addr/if-name.js'
import { readTapRules } from '#kernel/rule-dump.js'

const deadlineMs = 60_000
const tap = parseIfName(process.argv[2] ?? '')
if (tap === undefined || !readTapRules(tap).has(tap)) throw new Error('a tap that has rules')
const startedMs = performance.now()
spawnSync('nft', ['flush', 'ruleset'])
do {
  await delay(5)
  if (performance.now() > startedMs + deadlineMs) throw new Error('rules did not come back')
} while (!readTapRules(tap).has(tap))
process.stdout.write(`${performance.now() - startedMs}\n`)
