import t from 'tap'
import { parseLinkFacts } from '#kernel/link-facts.js'
import { parseUnitFacts } from '#kernel/systemd-facts.js'
import { udpSockets } from '#kernel/udp-listeners.js'

t.test('sockets of a port in the kernel’s table of UDP', async (t) => {
  const table = [
    '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops',
    '  321: 00000000:0043 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 0000000000000000 0',
    '  322: 0101000A:0043 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4712 2 0000000000000000 0',
    '  323: 00000000:0044 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4713 2 0000000000000000 0',
    '',
  ].join('\n')
  t.strictSame(udpSockets(table, 67), [
    { address: '0.0.0.0', inode: '4711' },
    { address: '10.0.1.1', inode: '4712' },
  ])
})

t.test('units as systemctl show has them', async (t) => {
  const block = (id: string, lines: string) => `Id=${id}\n${lines}`
  const text = [
    block(
      'okeanid-agent.service',
      'LoadState=loaded\nActiveState=active\nResult=success\nUnitFileState=enabled',
    ),
    block(
      'okeanid-responder.service',
      'LoadState=loaded\nActiveState=activating\nResult=exit-code\nUnitFileState=enabled',
    ),
    block(
      'okeanid-nics.service',
      'LoadState=loaded\nActiveState=inactive\nResult=success\nUnitFileState=disabled',
    ),
    block(
      'okeanid-hooks.path',
      'LoadState=not-found\nActiveState=inactive\nResult=success\nUnitFileState=',
    ),
  ].join('\n\n')
  t.strictSame(parseUnitFacts(text), [
    { name: 'okeanid-agent', isFailed: false, result: 'success', isEnabled: true },
    { name: 'okeanid-responder', isFailed: true, result: 'exit-code', isEnabled: true },
    { name: 'okeanid-nics', isFailed: false, result: 'success', isEnabled: false },
  ])
  t.strictSame(parseUnitFacts(''), [], 'no systemd')
})

t.test('interfaces as ip -j -d link show has them', async (t) => {
  const links = [
    { ifname: 'eth0', flags: ['UP', 'LOWER_UP'], master: 'br0', linkinfo: undefined },
    { ifname: 'tap0', flags: [], master: 'br0', linkinfo: { info_kind: 'tun' } },
    {
      ifname: 'br0',
      flags: ['UP'],
      linkinfo: { info_kind: 'bridge', info_data: { stp_state: 0, vlan_filtering: 1 } },
    },
    {
      ifname: 'br1',
      flags: [],
      linkinfo: { info_kind: 'bridge', info_data: { vlan_filtering: 0 } },
    },
  ]
  t.strictSame(parseLinkFacts(JSON.stringify(links)), [
    { name: 'eth0', kind: '', isUp: true, master: 'br0', isVlanAware: false },
    { name: 'tap0', kind: 'tun', isUp: false, master: 'br0', isVlanAware: false },
    { name: 'br0', kind: 'bridge', isUp: true, master: undefined, isVlanAware: true },
    { name: 'br1', kind: 'bridge', isUp: false, master: undefined, isVlanAware: false },
  ])
})
