import { spawnSync } from 'node:child_process'
import t from 'tap'
import type { Guard, Sources6 } from '#nic/desired.js'
import { readClaims } from '#nic/rules/learned.js'
import { chainNames, tapOfChain } from '#nic/rules/names.js'
import { nicRules, removeRules } from '#nic/rules/nic-rules.js'
import { refusalTexts } from '#nic/rules/reasons.js'
import { inOwnNetwork, run } from '../../support/own-network.js'
import { cidr4, cidr6, desiredNic, ifName, mac } from './desired-nic.js'

const all6: Readonly<Record<string, Sources6>> = {
  open: { policy: 'open' },
  none: { policy: 'none' },
  prefix: { policy: 'prefix', prefixes: [cidr6('2001:db8:7::/56'), cidr6('2001:db8:8::/64')] },
  strict: { policy: 'strict', addresses: [cidr6('fe80::1:1/128'), cidr6('2001:db8::5/128')] },
  learn: {
    policy: 'learn',
    addresses: [cidr6('fe80::1:1/128')],
    prefixes: [cidr6('2001:db8::/64')],
    domain: 'br-0@1',
    maxAddresses: 4,
  },
  everything: { policy: 'prefix', prefixes: [cidr6('::/0')] },
  'everything learnt': {
    policy: 'learn',
    addresses: [cidr6('::/0')],
    prefixes: [],
    domain: 'br0',
    maxAddresses: 4,
  },
  'an odd length': { policy: 'prefix', prefixes: [cidr6('2001:db8::/33')] },
}

const guards: Readonly<Record<string, Partial<Guard>>> = {
  ...Object.fromEntries(Object.entries(all6).map(([name, sources6]) => [name, { sources6 }])),
  'nothing of IPv4': { sources4: undefined },
  'no IPv4': { sources4: [] },
  'everything of IPv4': { sources4: [cidr4('0.0.0.0/0')], arpTargets: [cidr4('0.0.0.0/0')] },
  'a network of IPv4': { sources4: [cidr4('192.0.2.0/24'), cidr4('10.0.0.0/9')] },
  'a trunk': { taggedVlans: [100, 200] },
  'no limits': { groupRate: undefined, refuses: { dhcp4: false, dhcp6: false, ra: false } },
  'other types': { etherTypes: [0x88cc] },
  'a second address': { macs: [mac('aa:00:00:00:01:10'), mac('00:00:5e:00:01:07')] },
  'a MAC filter': {
    macFilter: { prefix: mac('aa:00:01:00:00:00'), mask: mac('ff:ff:ff:00:00:00') },
  },
}

const ruleLines = (script: string): readonly string[] =>
  script.split('\n').filter((line) => line.startsWith('add rule '))

for (const [name, guard] of Object.entries(guards)) {
  t.test(`rules with ${name}`, async (t) => {
    const enforced = nicRules(desiredNic({ guard })).apply
    for (const line of ruleLines(enforced)) {
      const sets = line.replaceAll(/(?:add|update|delete) @\S+ \{[^}]*\}/g, '')
      t.notMatch(sets, /[{}]/, 'no anonymous set')
      const reason = /comment "(.*)"$/.exec(line)?.[1]
      if (line.includes(' drop')) t.ok(reason !== undefined && reason in refusalTexts, line)
      if (line.includes(' drop')) t.match(line, / counter drop comment/)
    }
    const observed = nicRules(desiredNic({ guard, stance: 'observe' })).apply
    for (const line of ruleLines(observed)) t.notMatch(line, / drop/)
    const { apply, remove } = nicRules(desiredNic({ guard, stance: 'disabled' }))
    t.equal(apply, remove)
  })
}

t.test('chains are named after taps, and tell which', async (t) => {
  for (const name of ['tap0', 'gnt.com.0', 'a@b', 'x-1_y', 'tap_to_1']) {
    const tap = ifName(name)
    for (const chain of Object.values(chainNames(tap))) {
      t.match(chain, /^[a-z][A-Za-z0-9/_.-]*$/)
      t.equal(tapOfChain(chain), name)
    }
  }
  t.equal(tapOfChain('queueing'), undefined)
})

t.test('what is no claim of ours is passed over', async (t) => {
  const set = (changes: object) => ({
    set: { family: 'netdev', table: 'okeanid', name: 'claims_br0', ...changes },
  })
  const elem = [
    { elem: { val: { concat: ['0x20010db8000000000000000000000005', 'aa:00:00:00:00:01'] } } },
  ]
  const claim = { set: 'claims_br0', address: '2001:db8::5', mac: 'aa:00:00:00:00:01' }
  for (const [listing, expected] of [
    [{ nftables: [set({ elem })] }, [claim]],
    [{ nftables: [set({ elem, name: 'taken_br0' })] }, []],
    [{ nftables: [set({ elem, table: 'other' })] }, []],
    [{ nftables: [set({ elem: [5, 'x', { elem: { val: 7 } }] })] }, []],
    [{ nftables: [set({})] }, []],
    [undefined, []],
    [{ nftables: 'x' }, []],
  ] as const)
    t.same(readClaims(listing), expected)
})

inOwnNetwork(import.meta.url, () => {
  const load = (script: string): string => {
    const { status, stderr } = spawnSync('nft', ['-f', '-'], { input: script, encoding: 'utf8' })
    return status === 0 ? 'ok' : stderr
  }

  t.test('the kernel takes all rules, twice, in any order, and their removal', async (t) => {
    run('ip', 'link', 'add', 'tap0', 'type', 'veth', 'peer', 'name', 'nic0')
    for (const mode of ['bridged', 'routed'] as const) {
      for (const stance of ['enforce', 'observe', 'disabled'] as const) {
        for (const [name, guard] of Object.entries(guards)) {
          const { apply } = nicRules(desiredNic({ guard, stance, mode }))
          t.equal(load(apply), 'ok', `${name}, ${stance}, ${mode}`)
          t.equal(load(apply), 'ok', `${name}, ${stance}, ${mode}, again`)
        }
      }
    }
    t.equal(load(nicRules(desiredNic({ guard: guards['learn'] ?? {} })).apply), 'ok')
    const remove = removeRules(ifName('tap0'))
    t.equal(load(remove), 'ok')
    t.notMatch(run('nft', 'list', 'ruleset'), /tap0/)
    t.equal(load(remove), 'ok', 'again')
    t.equal(load(nicRules(desiredNic()).apply), 'ok')
    run('ip', 'link', 'del', 'dev', 'tap0')
    t.equal(load(remove), 'ok', 'without the tap')
    t.notMatch(run('nft', 'list', 'ruleset'), /tap0/)
  })
})
