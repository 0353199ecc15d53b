import t from 'tap'
import { forwardBlocks } from '#nic/forward/fate.js'
import { readIptablesFilter, readNftForward } from '#nic/forward/rules.js'

/** Where frames between the ports of br0 end, by the rules of a filter table in iptables-save's words. */
function blocked(policy: 'ACCEPT' | 'DROP', ...rules: readonly string[]): readonly string[] {
  const text = ['*filter', `:FORWARD ${policy} [0:0]`, ...rules, 'COMMIT'].join('\n')
  return forwardBlocks([readIptablesFilter('iptables', text)], ['br0']).map(({ where }) => where)
}

const byPolicy = ['iptables, chain FORWARD: policy drop']
const byRule = (chain: string) => [`iptables, chain ${chain}: a rule that drops the rest`]

const cases: readonly {
  readonly name: string
  readonly got: readonly string[]
  readonly want: readonly string[]
}[] = [
  { name: 'nothing but the policy', got: blocked('ACCEPT'), want: [] },
  { name: 'a policy that drops', got: blocked('DROP'), want: byPolicy },
  {
    name: 'an exception for bridged frames',
    got: blocked('DROP', '-A FORWARD -m physdev --physdev-is-bridged -j ACCEPT'),
    want: [],
  },
  {
    name: 'an exception for all but bridged frames',
    got: blocked('DROP', '-A FORWARD -m physdev ! --physdev-is-bridged -j ACCEPT'),
    want: byPolicy,
  },
  {
    name: 'an exception for this bridge, with a comment that has spaces',
    got: blocked('DROP', '-A FORWARD -i br0 -m comment --comment "we -j DROP nothing" -j ACCEPT'),
    want: [],
  },
  {
    name: 'an exception for another bridge',
    got: blocked('DROP', '-A FORWARD -i br1 -o br1 -j ACCEPT'),
    want: byPolicy,
  },
  { name: 'an exception by prefix', got: blocked('DROP', '-A FORWARD -i br+ -j ACCEPT'), want: [] },
  {
    name: 'an exception for all but another',
    got: blocked('DROP', '-A FORWARD ! -i eth0 -j ACCEPT'),
    want: [],
  },
  {
    name: 'an exception for answers is for some packets only',
    got: blocked('DROP', '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'),
    want: byPolicy,
  },
  {
    name: 'a drop of some packets is none of all',
    got: blocked(
      'ACCEPT',
      '-A FORWARD -m conntrack --ctstate INVALID -j DROP',
      '-A FORWARD -s 10.0.0.0/8 -j REJECT --reject-with icmp-port-unreachable',
    ),
    want: [],
  },
  {
    name: 'a rule at the end that rejects the rest',
    got: blocked('ACCEPT', '-A FORWARD -j REJECT --reject-with icmp-host-prohibited'),
    want: byRule('FORWARD'),
  },
  {
    name: 'a chain of its own that returns',
    got: blocked('ACCEPT', '-A FORWARD -j A', '-A A -j RETURN', '-A A -j DROP'),
    want: [],
  },
  {
    name: 'a chain of its own that drops',
    got: blocked(
      'ACCEPT',
      '-A FORWARD -i br0 -j A',
      '-A A -j LOG --log-prefix "gone "',
      '-A A -j DROP',
    ),
    want: byRule('A'),
  },
  {
    name: 'a goto does not come back',
    got: blocked('DROP', '-A FORWARD -g A', '-A FORWARD -j ACCEPT', '-A A -i eth0 -j ACCEPT'),
    want: byPolicy,
  },
  {
    name: 'chains in a circle, as no kernel has them',
    got: blocked('DROP', '-A FORWARD -j A', '-A A -j A'),
    want: byPolicy,
  },
]

for (const { name, got, want } of cases) t.test(name, async (t) => t.same(got, want))

t.test('rules of other tables than filter do not count', async (t) => {
  const text =
    '*mangle\n:FORWARD DROP [0:0]\n-A FORWARD -j DROP\nCOMMIT\n*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n'
  t.same(forwardBlocks([readIptablesFilter('iptables', text)], ['br0']), [])
})

const match = (key: string, right: unknown, op = '==') => ({
  match: { op, left: { meta: { key } }, right },
})
const chain = (policy: string, hook = 'forward', family = 'inet', table = 'fw', name = 'fwd') => ({
  chain: { family, table, name, hook, policy, prio: 0, type: 'filter' },
})
const rule = (...expr: readonly unknown[]) => ({
  rule: { family: 'inet', table: 'fw', chain: 'fwd', expr },
})

function nftBlocked(...nftables: readonly unknown[]): readonly string[] {
  return forwardBlocks(readNftForward({ nftables }, 4), ['br0']).map(({ where }) => where)
}

t.test('nft: policies, rules, sets of names, other hooks, other protocols', async (t) => {
  const drop = ['nft inet fw, chain fwd: policy drop']
  t.same(nftBlocked(chain('accept')), [])
  t.same(nftBlocked(chain('drop')), drop)
  t.same(nftBlocked(chain('drop', 'input')), [])
  t.same(nftBlocked(chain('drop', 'forward', 'ip6')), [])
  t.same(
    nftBlocked(chain('drop'), rule(match('iifname', 'br*'), { counter: {} }, { accept: null })),
    [],
  )
  t.same(
    nftBlocked(chain('drop'), rule(match('iifname', { set: ['eth0', 'br0'] }), { accept: null })),
    [],
  )
  t.same(
    nftBlocked(chain('drop'), rule(match('iifname', '@bridges'), { accept: null })),
    drop,
    'a named set may hold anything',
  )
  t.same(nftBlocked(chain('drop'), rule(match('iifname', 'br0', '!='), { accept: null })), drop)
  t.same(nftBlocked(chain('drop'), rule({ limit: { rate: 9 } }, { accept: null })), drop)
  t.same(nftBlocked(chain('accept'), rule({ reject: { type: 'icmpx' } })), [
    'nft inet fw, chain fwd: a rule that drops the rest',
  ])
})

t.test('nft: the chain FORWARD of iptables-nft is read by iptables-save instead', async (t) => {
  t.same(nftBlocked(chain('drop', 'forward', 'ip', 'filter', 'FORWARD')), [])
  t.same(
    nftBlocked(chain('drop', 'forward', 'ip', 'filter', 'forward')).length,
    1,
    'an own table of that name counts',
  )
})
