import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { parseIfName } from '#addr/if-name.js'
import { readGeneration, readTapRules } from '#kernel/rule-dump.js'
import { followRuleset, type RulesetChange } from '#kernel/ruleset-watch.js'
import { inOwnNetwork, run } from '../support/own-network.js'
import { until } from '../support/until.js'

/** nftables by netlink, against what nft does. */
inOwnNetwork(import.meta.url, () => {
  const tap0 = parseIfName('tap0')
  if (tap0 === undefined) throw new Error('tap0')
  run('ip', 'link', 'add', 'tap0', 'type', 'veth', 'peer', 'name', 'guest0')
  run('ip', 'link', 'add', 'tap1', 'type', 'veth', 'peer', 'name', 'guest1')
  for (const name of ['tap0', 'guest0']) run('ip', 'link', 'set', name, 'up')
  const nft = (script: string) => run('nft', script)
  const digest = () => readTapRules(tap0).get(tap0)?.digest

  t.beforeEach(() => {
    nft(`flush ruleset
      table netdev okeanid {
        chain from_tap0 {
          type filter hook ingress device "tap0" priority -500; policy accept
          ether saddr != aa:00:00:00:00:0a counter comment "ethernet-source"
          ip saddr 192.0.2.7 counter drop comment "ip4-source"
          limit rate 5/second counter drop comment "ethernet-source"
        }
        chain from_tap1 { type filter hook ingress device "tap1" priority -500; }
      }
      table bridge okeanid {
        map to_guest { type ifname : verdict; elements = { "tap0" : jump to_tap0 } }
        chain to_tap0 { ip saddr 192.0.2.1 accept; }
        chain guests_forward { type filter hook forward priority -210; oifname vmap @to_guest; }
      }
      table inet others { chain from_tap0 { accept; }; }`)
  })

  t.test('what a tap has, in all tables of ours and no others', async (t) => {
    const all = readTapRules()
    t.same([...all.keys()].sort(), ['tap0', 'tap1'])
    t.same(all.get(tap0)?.chains, [
      { family: 'netdev', name: 'from_tap0', ruleCount: 3 },
      { family: 'bridge', name: 'to_tap0', ruleCount: 1 },
    ])
    t.equal(readTapRules(tap0).size, 1)
    t.equal(digest(), all.get(tap0)?.digest)
  })

  t.test('one sum for each comment of rules that count', async (t) => {
    t.same(
      readTapRules(tap0)
        .get(tap0)
        ?.refusals.map(({ reason }) => reason),
      ['ethernet-source', 'ip4-source'],
    )
  })

  t.test('counters and tokens are no difference', async (t) => {
    const before = digest()
    for (const mac of ['aa:00:00:00:00:99', 'aa:00:00:00:00:98']) {
      run('ip', 'link', 'set', 'guest0', 'address', mac)
      run('ip', 'address', 'replace', '192.0.2.7/24', 'dev', 'guest0')
      run('sh', '-c', 'ping -c1 -W1 -I guest0 192.0.2.9 >/dev/null || true')
    }
    const [spoofed] = readTapRules(tap0).get(tap0)?.refusals ?? []
    t.ok((spoofed?.packets ?? 0) > 0, 'they did count')
    t.equal(digest(), before)
  })

  t.test('the same rules made anew have the same digest', async (t) => {
    const before = digest()
    const text = run('nft', '-s', 'list', 'ruleset')
    nft('flush ruleset')
    t.equal(digest(), undefined)
    nft(text)
    t.equal(digest(), before)
  })

  for (const [what, change] of [
    ['a rule more', 'add rule netdev okeanid from_tap0 accept'],
    ['a rule before the others', 'insert rule netdev okeanid from_tap0 accept'],
    ['no rules', 'flush chain netdev okeanid from_tap0'],
    ['another policy', 'chain netdev okeanid from_tap0 { policy drop; }'],
    ['no element in the map', 'delete element bridge okeanid to_guest { "tap0" }'],
    ['nobody who looks into the map', 'flush chain bridge okeanid guests_forward'],
    ['another rule in the shield', 'add rule bridge okeanid to_tap0 drop'],
  ] as const) {
    t.test(`${what}: another digest`, async (t) => {
      const before = digest()
      nft(change)
      t.not(digest(), before)
    })
  }

  t.test('what is done to another tap is none', async (t) => {
    const before = digest()
    nft('add rule netdev okeanid from_tap1 drop')
    t.equal(digest(), before)
  })

  t.test('a generation for each transaction, of whomever', async (t) => {
    const before = readGeneration()
    readTapRules()
    t.equal(readGeneration(), before, 'reading is none')
    nft('add table inet somebody')
    t.not(readGeneration(), before)
  })

  t.test('changes are told: whose, and whether a whole table of ours went', async (t) => {
    const seen: RulesetChange[] = []
    const stop = new AbortController()
    t.teardown(() => stop.abort())
    followRuleset({ onChange: (change) => void seen.push(change), signal: stop.signal })
    nft('add table inet somebody')
    nft('add rule netdev okeanid from_tap0 accept')
    await until('the rule', () => seen[0])
    nft('flush ruleset')
    await until('the loss', () => seen.find(({ isLoss }) => isLoss))
    t.match(seen, [
      { isLoss: false, by: /^nft\[\d+\]$/ },
      { isLoss: true, by: /^nft\[\d+\]$/ },
    ])
    stop.abort()
    nft('add table netdev okeanid')
    await delay(50)
    t.equal(seen.length, 2, 'nothing is told after the end')
  })

  t.test('what is done unheard is not told, and what comes after it is', async (t) => {
    const seen: RulesetChange[] = []
    const stop = new AbortController()
    t.teardown(() => stop.abort())
    const onChange = (change: RulesetChange) => void seen.push(change)
    const { unheard } = followRuleset({ onChange, signal: stop.signal })
    unheard(() => nft('add rule netdev okeanid from_tap0 accept'))
    t.throws(
      () =>
        unheard(() => {
          nft('flush ruleset')
          throw new Error('refused')
        }),
      { message: 'refused' },
    )
    nft('add table netdev okeanid; delete table netdev okeanid')
    await until('the table that came and went', () => seen[0])
    t.match(seen, [{ isLoss: true, by: /^nft/ }])
    t.equal(seen.length, 1)
    stop.abort()
    unheard(() => nft('add table netdev okeanid'))
    nft('delete table netdev okeanid')
    await delay(50)
    t.equal(seen.length, 1, 'nor after the end')
  })
})
