import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { parseCidr4, parseCidr6 } from '#addr/cidr.js'
import { parseIfName } from '#addr/if-name.js'
import { parseMac } from '#addr/mac.js'
import { decideNic } from '#nic/decide.js'
import type { Nic } from '#nic/nic.js'
import { defaultNicConfig } from '#nic/nic-config.js'
import { rulesMissing } from '#nic/repair/differences.js'
import { domainSets } from '#nic/rules/names.js'
import { createClaimsStore } from '../../agent/bin/claims-store.js'
import { bareNics } from '../../agent/bin/repair-pass.js'

const [tap, mac] = [parseIfName('tap0'), parseMac('aa:00:00:00:00:0a')]
if (tap === undefined || mac === undefined) throw new Error('no tap, no address')

/** A NIC on a bridge whose /64 it shares: its addresses are learnt. */
const nic: Nic = {
  tap,
  mac,
  instance: 'vm1',
  index: 0,
  name: undefined,
  uuid: 'uuid',
  mode: 'bridged',
  link: 'br0',
  vlan: undefined,
  ip: undefined,
  ip6: undefined,
  network: {
    name: 'net1',
    uuid: 'uuid-of-net1',
    tags: [],
    subnet: parseCidr4('192.0.2.0/24'),
    gateway: undefined,
    subnet6: parseCidr6('2001:db8:1::/64'),
    gateway6: undefined,
    macPrefix: undefined,
  },
  instanceTags: [],
}
const desired = decideNic(nic, { config: defaultNicConfig(), stance: undefined })
if (!desired.ok || desired.value.guard.sources6.policy !== 'learn') throw new Error('wants learn')
const own = domainSets(desired.value.guard.sources6.domain).claims

const compared = (what: string) => ({
  nic,
  record: undefined,
  adoptedAtSeconds: undefined,
  desired,
  config: '',
  decided: { desired: desired.value, facts: undefined },
  differences: [{ what, steps: [] }],
})

/** What a store tells of a file with a claim in each of these sets. */
function linesOf(t: Test, sets: readonly string[], what: string): string {
  const file = path.join(t.testdir(), 'claims.json')
  const nftables = sets.map((name) => ({
    set: {
      family: 'netdev',
      table: 'okeanid',
      name,
      elem: [{ concat: ['0x20010db8000100000000000000000007', 'aa:00:00:00:00:0a'] }],
    },
  }))
  writeFileSync(file, JSON.stringify({ nftables }))
  return createClaimsStore(file)
    .lines(bareNics([compared(what)]))
    .join('\n')
}

t.test(
  'claims of sets that nobody has any more are not put back: one would fail all',
  async (t) => {
    const lines = linesOf(t, [own, 'claims_of_a_bridge_that_is_gone'], rulesMissing)
    t.match(lines, `add element netdev okeanid ${own} {`)
    t.notMatch(lines, /gone/)
  },
)

t.test('who gets rules anew may go on for a while with what it cannot prove', async (t) => {
  t.match(linesOf(t, [], rulesMissing), /add element netdev okeanid grace \{ "tap0" timeout/)
})

t.test('whose rules are only changed keeps its sets', async (t) => {
  t.equal(linesOf(t, [own], 'its rules were changed by somebody else'), '')
})

t.test('a damaged file is none', async (t) => {
  const file = path.join(t.testdir(), 'claims.json')
  writeFileSync(file, '{"nftables":')
  t.match(
    createClaimsStore(file)
      .lines(bareNics([compared(rulesMissing)]))
      .join('\n'),
    /grace/,
  )
})
