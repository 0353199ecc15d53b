import t from 'tap'
import { foreignIptablesRules, foreignNftRules } from '#nic/forward/foreign-rules.js'

t.test('nfdhcpd’s rules are found, ours are not foreign', async (t) => {
  const text = `*mangle
-A PREROUTING -i tap+ -p udp -m udp --dport 67 -j NFQUEUE --queue-num 42
*raw
-A OKEANID-DHCP4 -i tap0 -j NFQUEUE --queue-num 42 --queue-bypass
`
  t.same(foreignIptablesRules(text), [
    [42, '-A PREROUTING -i tap+ -p udp -m udp --dport 67 -j NFQUEUE --queue-num 42'],
  ])
})

t.test('nft’s rules are found, with ranges by their first queue', async (t) => {
  const rule = (table: string, queue: unknown) => ({
    rule: { family: 'inet', table, chain: 'pre', expr: [{ counter: {} }, { queue }] },
  })
  const nftables = [
    rule('mine', { num: 43 }),
    rule('okeanid', { num: 42 }),
    rule('mine', { num: { range: [44, 47] } }),
  ]
  t.same(foreignNftRules({ nftables }), [
    [43, 'nft inet mine, chain pre'],
    [44, 'nft inet mine, chain pre'],
  ])
})
