import { spawnSync } from 'node:child_process'
import t from 'tap'
import { createKeptRules } from '#kernel/kept-rules.js'
import { readTapRules } from '#kernel/rule-dump.js'
import type { DesiredNic } from '#nic/desired.js'
import { nicRules } from '#nic/rules/nic-rules.js'
import { sharedLines } from '#nic/rules/shared-lines.js'
import { cidr4, cidr6, desiredNic } from '../nic/rules/desired-nic.js'
import { inOwnNetwork, run } from '../support/own-network.js'

/** What the kernel told of rules, given back to it, against what nft lists. */
inOwnNetwork(import.meta.url, () => {
  for (const tap of ['tap0', 'tap1', 'tap2'])
    run('ip', 'link', 'add', tap, 'type', 'veth', 'peer', 'name', `guest-${tap}`)

  /** One that learns, one whose firewall and host let in services, one that is only observed. */
  const nics: readonly DesiredNic[] = [
    desiredNic({
      guard: {
        sources6: {
          policy: 'learn',
          addresses: [cidr6('fe80::1:1/128')],
          prefixes: [cidr6('2001:db8::/64')],
          domain: 'br0',
          maxAddresses: 4,
        },
      },
    }),
    routed('tap1'),
    desiredNic({
      tap: 'tap2',
      ip: '192.0.2.102',
      stance: 'observe',
      guard: { groupRate: undefined },
    }),
  ]
  const taps = nics.map(({ nic }) => nic.tap)
  const nft = (script: string) =>
    spawnSync('nft', ['-f', '-'], { input: script, encoding: 'utf8' }).stderr
  const listed = (...options: readonly string[]) =>
    run('nft', ...options, 'list', 'ruleset').replaceAll(/ expires \w+/g, '')
  const digests = () => taps.map((tap) => readTapRules(tap).get(tap)?.digest)
  const share = () =>
    nft(nics.flatMap((nic) => sharedLines(nic.nic.tap, nicRules(nic).apply)).join('\n'))

  /** A ruleset whose rules are kept. */
  function kept() {
    t.equal(nft(`flush ruleset\n${nics.map((nic) => nicRules(nic).apply).join('')}`), '')
    const rules = createKeptRules()
    for (const [index, digest] of digests().entries()) {
      const tap = taps[index]
      if (tap !== undefined) rules.keep(tap, digest ?? '')
    }
    return rules
  }

  t.test('all is as it was, with what it had counted', async (t) => {
    const rules = kept()
    run('ip', 'link', 'set', 'tap1', 'up')
    run('ip', 'link', 'set', 'guest-tap1', 'up') // its first frames count
    const counted = () => /packets [1-9]\d* .*comment "ethernet-source"/.test(listed())
    while (!counted()) run('ip', 'link', 'set', 'guest-tap1', 'address', 'aa:00:00:00:00:77')
    const [before, had] = [listed('-s'), digests()]
    for (const tap of taps) rules.keep(tap, 'again')
    nft('flush ruleset')
    t.equal(share(), '', 'what they share stands alone')
    t.same(digests(), [undefined, undefined, undefined], 'and isolates nobody')
    rules.putBack(taps)
    t.same(digests(), had)
    t.ok(counted())
    const parts = (text: string) => text.split('\n').sort() // tables have no order
    t.same(parts(listed('-s')), parts(before))
    t.equal(nft(nics.map((nic) => nicRules(nic).apply).join('')), '', 'and nft goes on from there')
    t.same(parts(listed('-s')), parts(before))
  })

  t.test('all or nothing', async (t) => {
    const rules = kept()
    nft('flush ruleset')
    t.throws(() => rules.putBack(taps), { code: 'ENOENT' }, 'without what they share')
    t.equal(listed(), '')
    share()
    nft('add chain inet okeanid to_tap1') // the last but one
    const before = listed('-s')
    t.throws(() => rules.putBack(taps), { code: 'EEXIST' })
    t.equal(listed('-s'), before)
  })

  t.test('what is kept belongs to a digest', async (t) => {
    const rules = kept()
    const [first, second] = taps
    if (first === undefined || second === undefined) throw new Error('no taps')
    const [digest = ''] = digests()
    t.equal(rules.has(first, digest), true)
    t.equal(rules.has(first, 'another'), false)
    rules.retain(new Set([second]))
    t.equal(rules.has(first, digest), false)
    rules.forget(second)
    t.equal(rules.has(second, digests()[1] ?? ''), false)
    nft('flush ruleset')
    share()
    rules.putBack([])
    t.same(digests(), [undefined, undefined, undefined])
  })

  t.test('no more than one message may have', async (t) => {
    t.equal(nft(`flush ruleset\n${nics.map((nic) => nicRules(nic).apply).join('')}`), '')
    const [first, second] = taps
    if (first === undefined || second === undefined) throw new Error('no taps')
    const rules = createKeptRules(50_000)
    rules.keep(first, 'a')
    rules.keep(second, 'b')
    t.same([rules.has(first, 'a'), rules.has(second, 'b')], [true, false])
    rules.keep(first, 'again')
    t.equal(rules.has(first, 'again'), true, 'the former ones make room')
    rules.forget(first)
    rules.keep(second, 'b')
    t.equal(rules.has(second, 'b'), true)
  })

  t.test('a hundred in one message, larger than sockets take without asking', async (t) => {
    const made = Array.from({ length: 100 }, (_, number) =>
      desiredNic({ tap: `many${number}`, ip: `10.0.0.${number}` }),
    )
    const input = made.map(({ nic }) => `tuntap add dev ${nic.tap} mode tap`).join('\n')
    t.equal(spawnSync('ip', ['-batch', '-'], { input, encoding: 'utf8' }).stderr, '')
    t.equal(nft(`flush ruleset\n${made.map((nic) => nicRules(nic).apply).join('')}`), '')
    const rules = createKeptRules()
    for (const { nic } of made) rules.keep(nic.tap, 'many')
    const before = readTapRules()
    nft('flush ruleset')
    nft(made.flatMap((nic) => sharedLines(nic.nic.tap, nicRules(nic).apply)).join('\n'))
    rules.putBack(made.map(({ nic }) => nic.tap))
    t.same(
      [...readTapRules()].map(([tap, { digest }]) => [tap, digest]).sort(),
      [...before].map(([tap, { digest }]) => [tap, digest]).sort(),
    )
  })
})

function routed(tap: string): DesiredNic {
  const desired = desiredNic({ tap, ip: '192.0.2.101', mode: 'routed' })
  const services = [
    {
      protocol: 'tcp',
      ports: { first: 22, last: 23 },
      sources: [cidr4('192.0.2.0/24')],
    },
  ] as const
  return {
    ...desired,
    guard: { ...desired.guard, hostServices: services },
    firewall: {
      profile: 'limited',
      isKnown: true,
      inbound: { kind: 'listed', icmp: 'essential', services },
    },
  }
}
