import { execFileSync, spawnSync } from 'node:child_process'
import t from 'tap'
import { applyRules } from '#kernel/apply-rules.js'
import { inOwnNetwork } from '../support/own-network.js'

const needsTracking = [
  'add table bridge okeanid',
  'add chain bridge okeanid to_tap0',
  'flush chain bridge okeanid to_tap0',
  'add rule bridge okeanid to_tap0 ct state established,related accept',
  '',
].join('\n')

inOwnNetwork(import.meta.url, () => {
  const hasTracking = spawnSync('nft', ['-c', '-f', '-'], { input: needsTracking }).status === 0

  t.test(
    'where the kernel tracks no connections of bridges, a sentence says so and nothing has changed',
    { skip: hasTracking ? 'this kernel has it' : false },
    async (t) => {
      const result = await applyRules(needsTracking)
      t.match(result, {
        ok: false,
        problem: { text: /tracks no connections of bridges.*unprotected/, isChanged: false },
      })
      if (result.ok) return
      t.match(result.problem.text, /^[\x20-\x7e]+$/, 'in ASCII: Ganeti shows it')
      t.equal(execFileSync('nft', ['list', 'ruleset'], { encoding: 'utf8' }), '')
    },
  )
})
