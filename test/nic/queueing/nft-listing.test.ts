import { readFileSync } from 'node:fs'
import t from 'tap'
import {
  nftChangeScript,
  nftFamilies,
  nftInstallScript,
  nftRemoveScript,
} from '#nic/queueing/nft.js'
import { nftDrift, readNftListing } from '#nic/queueing/nft-listing.js'
import { planQueueing } from '#nic/queueing/plan.js'
import { fixturePath } from '../../support/fixture.js'
import { numbers, served } from './served.js'

/** What nft 1.1.3 said on Debian 13's kernel after `nftInstallScript` of these taps (test/lab/proofs/rk-queueing records it). */
const listing = (family: string) =>
  JSON.parse(readFileSync(fixturePath('nft', `${family}.json`), 'utf8')) as unknown

const { entries } = planQueueing([
  served('tap0', { mode: 'bridged', whenDown: 'drop', nd: false }),
  served('tap1', { mode: 'bridged' }),
  served('tap2'),
  served('gnt.com.3', { mode: 'ext', ra: false, nd: false, dhcp6: false }),
])

for (const family of nftFamilies) {
  t.test(`a listing of table ${family} as it should be shows no difference`, async (t) => {
    const state = readNftListing(family, listing(family))
    t.same(nftDrift(family, { state, numbers, entries }), [])
  })

  t.test(`a listing of table ${family} tells what is missing and what is too much`, async (t) => {
    const state = readNftListing(family, listing(family))
    const other = planQueueing([
      served('tap1', { mode: 'bridged' }),
      served('tap2'),
      served('tap9', { mode: 'ext' }),
    ])
    const drift = nftDrift(family, { state, numbers, entries: other.entries })
    const place = family === 'bridge' ? 'bridged' : 'routed'
    t.ok(drift.includes(`missing: ${place} ra pass tap9`))
    t.ok(drift.includes(`too much: ${place} dhcp4 pass gnt.com.3`))
    t.notOk(drift.some((line) => line.startsWith('rules')))
  })

  t.test(`changed rules of table ${family} are noticed`, async (t) => {
    const text = JSON.stringify(listing(family))
    const spoilt = {
      number: text.replace('"num":42', '"num":41'),
      bypass: text.replace('"num":142', '"num":142,"flags":"bypass"'),
      priority: text.replace('"prio":-310', '"prio":-300'),
      port: text.replace('"right":67', '"right":68'),
    }
    for (const [what, changed] of Object.entries(spoilt)) {
      t.not(changed, text)
      const state = readNftListing(family, JSON.parse(changed))
      const drift = nftDrift(family, { state, numbers, entries })
      t.same(drift, [`rules of table ${family} okeanid are not as we made them`], what)
    }
  })

  t.test(`an empty table ${family}, and anything at all, are read without a throw`, async (t) => {
    for (const value of [
      {},
      null,
      7,
      [],
      { nftables: [{ rule: 3 }, null, { set: { name: 'ra_pass', elem: [1] } }] },
    ])
      t.equal(readNftListing(family, value).entries.size, 0)
  })
}

t.test('all commands of a script name our table, and no rule names a tap', async (t) => {
  const lines = [nftInstallScript(numbers, entries), nftRemoveScript()].join('').trim().split('\n')
  for (const line of lines) t.match(line, /^(?:add|flush|delete) \w+ (?:bridge|inet) okeanid\b/)
  t.same(
    lines.filter((line) => line.startsWith('add rule') && /tap|gnt/.test(line)),
    [],
  )
})

t.test('a tap more or less is an element', async (t) => {
  const some = [...planQueueing([served('tap5', { nd: false, dhcp6: false })]).entries.values()]
  t.equal(
    nftChangeScript({ added: some, removed: some.slice(0, 1) }),
    `delete element inet okeanid dhcp4_pass { "tap5" }
add element inet okeanid dhcp4_pass { "tap5" }
add element inet okeanid ra_pass { "tap5" }
`,
  )
})
