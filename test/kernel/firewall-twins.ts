import { openReacher } from '../support/reach.js'
import { openSpace } from '../support/space.js'
import type { FirewallWorld } from './firewall-world.js'

/** Two machines on a bridge of their own, with the addresses of the guest and of its neighbour. */
export interface Twins {
  /** The guest's twin asks the neighbour's, from port 7777 to port 9000; the door if that was answered. */
  readonly opens: () => Promise<readonly string[]>
}

/** Where twins are, and with which hardware addresses. */
export interface TwinPlace {
  readonly bridge: string
  /** Five octets. */
  readonly macs: string
  readonly taps: readonly [string, string]
}

/** Puts twins of the world's guests on a bridge of the same host, which is made where there is none. */
export async function openTwins(
  { site, neighbour, nic }: FirewallWorld,
  { bridge, macs, taps }: TwinPlace,
): Promise<Twins> {
  const neighbourIp = (await neighbour.space.sh("ip -4 -o addr show dev eth0 | awk '{ print $4 }'"))
    .trim()
    .replace(/\/\d+$/, '')
  const [first, second] = [await openSpace('twin'), await openSpace('twin-neighbour')]
  await site.host.sh(`
    ip link show ${bridge} >/dev/null 2>&1 || ip link add ${bridge} type bridge forward_delay 0 mcast_snooping 0
    ip link set ${bridge} up`)
  for (const [index, { space, ip }] of [
    { space: first, ip: nic.ip },
    { space: second, ip: neighbourIp },
  ].entries()) {
    const tap = taps[index]
    await site.host.sh(`
      ip link add ${tap} type veth peer name eth0 address ${macs}:0${index} netns ${space.pid}
      ip link set ${tap} master ${bridge} up`)
    await space.sh(`ip link set eth0 up; ip addr add ${ip}/24 dev eth0`)
    await site.host.sh(
      `while [ "$(cat /sys/class/net/${tap}/brport/state)" != 3 ]; do sleep 0.01; done`,
    )
  }
  const patience = { patienceMs: 6000 }
  const twin = await openReacher(first, [], patience)
  await openReacher(second, ['udp/9000'], patience)
  return { opens: () => twin.reaches(neighbourIp, ['udp/9000@7777']) }
}
