// The effect path as a program of its own, which kills itself (SIGKILL) when it has passed a step so many times.
//
//     node effects-program.js STORE-URL STEP COUNT
//
// STEP `never`: it runs until somebody else kills it. Writes `ready` when it runs.

import { parseCentralConfig } from '#central/config/central-config.js'
import { openClients } from '#central/effect/clients.js'
import { defaultEffectOptions } from '#central/effect/effect-deps.js'
import { createEffects } from '#central/effect/effects.js'
import { createNames } from '#central/names.js'
import { openStore } from '#central/store/store.js'
import { takeMessages } from '#central/update/take-messages.js'
import { sealer } from '../effect/world.js'

const [url = '', step = 'never', countText = '1'] = process.argv.slice(2)
let left = Number(countText)
const store = await openStore({ url })
const update = {
  store,
  names: createNames('snf-'),
  sealer,
  config: parseCentralConfig([]).config,
  nowMs: Date.now,
}
const effects = createEffects({
  store,
  sealer,
  clients: openClients({ sealer, timeoutMs: 1_000 }),
  log: () => {},
  nowMs: Date.now,
  random: Math.random,
  takeMessages: (tx, messages) => takeMessages(tx, update, messages),
  wakeEvents: () => {},
  passed(passed) {
    if (passed !== step) return
    left -= 1
    if (left === 0) process.kill(process.pid, 'SIGKILL')
  },
  options: { ...defaultEffectOptions, pollMs: 20, safeMs: 3_000, followMs: 100 },
})
process.stdout.write('ready\n')
await effects.run(new AbortController().signal)
