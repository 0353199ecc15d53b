/**
 * Zones of conntrack, and bridges that know VLANs, on Debian's own kernel: runs inside `lab rk` (test/lab/firewall.test.ts starts it). Prints
 * one line for each claim, `ok …` or `not ok …`, and ends with the count of the latter.
 */
import { parseMac } from '#addr/mac.js'
import { canTrackBridges } from '#kernel/bridge-tracking.js'
import { openTwins } from '../../kernel/firewall-twins.js'
import {
  doors,
  openFirewallWorld,
  outside,
  type WorldChanges,
} from '../../kernel/firewall-world.js'
import { createClaims } from './claims.js'

const { claim, failureCount } = createClaims()
const limited = ['tcp/22', 'tcp/3389', 'icmp', 'icmp/4000']

claim('the module is loaded when it is wanted', await canTrackBridges(), true)
const world = await openFirewallWorld('bridged', { patienceMs: 4000 })
const { site, guest, neighbour, router, nic } = world

// two private networks with the same addresses: what a guest of one has opened
const twins = await openTwins(world, {
  bridge: 'br1',
  macs: 'aa:00:09:00:00',
  taps: ['tap90', 'tap91'],
})
for (const { name, networkTags, reached } of [
  { name: 'public', networkTags: [], reached: ['udp/7777@9000'] },
  { name: 'private', networkTags: ['physical-vlan'], reached: [] },
]) {
  await world.protect('protected', { networkTags })
  claim(`${name}: a twin opens`, await twins.opens(), ['udp/9000@7777'])
  const got = await neighbour.reaches(nic.ip, ['udp/7777@9000'])
  claim(`${name}: what a twin of another bridge has opened is open`, got, reached)
  claim(`${name}: its own answers`, await guest.reaches(outside[4], doors), doors)
}
// a bridge that knows VLANs hands its frames on with a tag in the kernel's own notes
await site.host.sh('ip link set br0 type bridge vlan_filtering 1')
await world.protect('limited')
claim('VLAN-aware: in', await router.reaches(nic.ip, doors), limited)
claim('VLAN-aware: in, IPv6', await neighbour.reaches(nic.ip6, doors), limited)
claim('VLAN-aware: out', await guest.reaches(outside[4], doors), doors)
claim('VLAN-aware: out, IPv6', await guest.reaches(outside[6], doors), doors)
await site.host.sh('ip link set br0 type bridge vlan_filtering 0')

// private networks with the same addresses on one bridge, which networks share by prefixes of hardware addresses
const filter = (octets: string): WorldChanges => {
  const [prefix, mask] = [parseMac(`${octets}:00:00:00`), parseMac('ff:ff:ff:00:00:00')]
  if (prefix === undefined || mask === undefined) throw new Error(octets)
  return { guard: { macFilter: { prefix, mask } } }
}
const filtered = {
  bridge: 'br0',
  macs: 'aa:00:07:00:00',
  taps: ['tap92', 'tap93'] as const,
}
const { neighbourNic } = world
const neighbours = await openTwins(world, filtered)
await world.protectTap(neighbourNic, 'unprotected', filter('aa:00:00'))
for (const [index, tap] of filtered.taps.entries()) {
  const twin = { ...nic, tap, mac: `${filtered.macs}:0${index}` }
  await world.protectTap(twin, 'unprotected', filter('aa:00:07'))
}
for (const { name, forget, reached } of [
  {
    name: 'without zones',
    forget: 'nft flush map bridge okeanid zone_of_prefix24',
    reached: ['udp/7777@9000'],
  },
  { name: 'with zones', forget: ':', reached: [] },
]) {
  await world.protect('protected', filter('aa:00:00'))
  await site.host.sh(forget)
  claim(`MAC-filtered, ${name}: a twin opens`, await neighbours.opens(), ['udp/9000@7777'])
  const got = await neighbour.reaches(nic.ip, ['udp/7777@9000'])
  claim(`MAC-filtered, ${name}: what it has opened is open`, got, reached)
}

// that they share it no more must not leave half of a connection in the former zone
await site.host.sh(`for tap in ${filtered.taps.join(' ')}; do ip link del $tap; done`)
await world.protectTap(neighbourNic, 'unprotected')
await router.space.sh('ip neigh flush dev pub') // it has heard the twins, which nothing keeps from it
await world.protect('limited')
claim('filtered no more: in', await router.reaches(nic.ip, doors), limited)
claim('filtered no more: out', await guest.reaches(outside[6], doors), doors)

await world[Symbol.asyncDispose]()
process.exit(failureCount())
