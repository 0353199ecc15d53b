import t from 'tap'
import { readNetworkTags } from '#binding/network-tags.js'
import { setupSettingNamed } from '#nic/setup-setting-fields.js'
import { readSetupTags, stanceOfTags } from '#nic/setup-tags.js'

t.test('values of [nic] that are taken, and what they mean', async (t) => {
  const pool = { address: '2001:db8:100::', prefixLength: 40 }
  const cases = [
    ['own_prefix', '2001:db8:100::/40 64', { ownPrefix: { pool, length: 64, by: 'ip' } }],
    ['own_prefix', '2001:db8:100::/40, 64, mac', { ownPrefix: { pool, length: 64, by: 'mac' } }],
    ['own_prefix', 'none', { ownPrefix: 'none' }],
    ['group_rate', '10 20', { groupRate: { perSecond: 10, burst: 20 } }],
    ['group_rate', 'none', { groupRate: 'none' }],
    ['ethertypes', '88cc 0x88CC,8863', { etherTypes: [0x88cc, 0x8863] }],
    ['private_bridges', 'prv*', { privateBridges: { before: 'prv', after: '', offset: 0 } }],
    [
      'private_bridges',
      'n*-br 900',
      { privateBridges: { before: 'n', after: '-br', offset: 900 } },
    ],
    ['proxy_on', 'eth1.5', { proxyOn: 'eth1.5' }],
    ['proxy_on', 'none', { proxyOn: 'none' }],
    ['mac_filter', 'yes', { macFilter: true }],
    ['mac_mask', 'FF-FF-FF-00-00-00', { macMask: 'ff:ff:ff:00:00:00' }],
    ['host_services', 'all', { hostServices: 'all' }],
  ] as const
  for (const [name, text, value] of cases) {
    t.same(setupSettingNamed(name)?.parse(text), { ok: true, value }, `${name} = ${text}`)
  }
})

t.test('values that are refused, with what is wanted', async (t) => {
  const cases = [
    ['stance', 'lenient', /enforce, observe, disabled/],
    ['own_prefix', '2001:db8::/48', /pool and a length/],
    ['own_prefix', '2001:db8::/48 64 name', /ip or mac/],
    ['own_prefix', '2001:db8::/48 64 mac', /24 bits shorter/],
    ['own_prefix', '2001:db8::/48 96', /up to 64/],
    ['group_rate', '10', /a number a second/],
    ['ethertypes', '0800', /not those of IPv4/],
    ['ethertypes', '8100', /VLAN tags/],
    ['ethertypes', '0026', /EtherTypes like 88cc/],
    ['private_bridges', 'prv', /with \* for the number/],
    ['private_bridges', 'p*v* 3', /with \* for the number/],
    ['private_uplink', 'eth1 eth2', /interface name/],
    ['gateway_mac', 'cc:47', /six octets/],
    ['ext_scripts', 'etc/ext', /absolute path/],
    ['ext_scripts', '/etc/$(reboot)', /absolute path/],
    ['learnt_addresses', '0', /from 1 to 1024/],
    ['firewall', 'a:b', /profile/],
  ] as const
  for (const [name, text, problem] of cases) {
    t.match(setupSettingNamed(name)?.parse(text), { ok: false, problem }, `${name} = ${text}`)
  }
})

t.test('tags of networks', async (t) => {
  const cases = [
    [['private-filtered'], { macFilter: true }],
    [['mac-filtered', 'public'], { macFilter: true }],
    [['okeanid:ipv6:learn', 'okeanid:ipv4:none'], { ipv6Policy: 'learn', ipv4Policy: 'none' }],
    [['okeanid:own-prefix:2001:db8:100::/48:64'], { ownPrefix: { length: 64, by: 'ip' } }],
    [['okeanid:own-prefix:2001:db8:100::/40:64:mac'], { ownPrefix: { length: 64, by: 'mac' } }],
    [['okeanid:proxy-on:eth1'], { proxyOn: 'eth1' }],
    [['okeanid:guest-servers:refuse'], { guestServers: 'refuse' }],
    [['okeanid:stance:observe'], { stance: 'observe' }],
  ] as const
  for (const [tags, settings] of cases) {
    t.match(readSetupTags(tags), { settings, problems: [] }, tags.join(' '))
    t.same(
      readNetworkTags(tags),
      { isServed: false, settings: {}, problems: [] },
      'no tag of the responder’s',
    )
  }
})

t.test('a bad tag changes nothing and is told', async (t) => {
  const cases = [
    'okeanid:ipv6:maybe',
    'okeanid:ipv6:',
    'okeanid:own-prefix:2001:db8::/48',
    'okeanid:stance:off',
  ]
  for (const tag of cases) {
    t.match(readSetupTags([tag]), { settings: {}, problems: [{ key: tag }] }, tag)
    t.same(readSetupTags([tag]).settings, {})
  }
})

t.test('of an instance’s own tags only the stance counts here', async (t) => {
  t.equal(stanceOfTags(['okeanid:ipv6:open', 'okeanid:stance:observe']), 'observe')
  t.equal(stanceOfTags(['okeanid:stance:enforce', 'okeanid:stance:observe']), 'enforce')
  t.equal(stanceOfTags(['okeanid:stance:disabled', 'okeanid:stance:observe']), 'observe')
  t.equal(stanceOfTags(['okeanid:ipv6:open', 'mac-filtered', 'okeanid:stance:x']), undefined)
})
