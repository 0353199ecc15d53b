import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { routedVariables, type Variables } from '../support/nic-setup.js'
import { openSpace, type Space } from '../support/space.js'

/**
 * A host that routes for one guest by table 100, and a router that has the guest's networks on its link.
 *
 *     guest eth0 ── tap0  host  eth1 ── wan  router: 192.0.2.1/24, 2001:db8:1::1/64; lo 198.51.100.1, 2001:db8:ffff::1
 *
 * The host has no address of these networks: it answers for the guest, or nobody does.
 */
export interface RoutedWorld extends AsyncDisposable {
  readonly host: Space
  readonly guest: Space
  readonly router: Space
  /** Runs `okeanid nic VERB` for the guest's NIC; what it printed, and its status. */
  readonly nic: (
    verb: 'up' | 'down',
    variables?: Variables,
  ) => Promise<{ readonly code: number | undefined; readonly text: string }>
  /** Makes tap0 anew, with the guest at its other end. */
  readonly plug: () => Promise<void>
  /** Whether a ping from one space is answered. */
  readonly pings: (from: Space, address: string) => Promise<boolean>
  /** Who answers ARP requests for an address: a hardware address, or nobody. */
  readonly arpAnswer: (from: Space, request: ArpRequest) => Promise<string | undefined>
}

/** Whom a space asks for, and where. */
export interface ArpRequest {
  readonly device: string
  readonly address: string
  /** Asked without an address of its own, as who tests whether he may have it (RFC 5227). */
  readonly isProbe?: boolean
}

/** What is beyond the router. */
export const beyond = { ip: '198.51.100.1', ip6: '2001:db8:ffff::1' }

/** The guest's addresses: the one that Ganeti names, and the one that its hardware address gives. */
export const own = { ip: '192.0.2.2', ip6: '2001:db8:1:0:a800:1ff:fea8:2be' }

/** As guests see their gateway on every node. */
export const gateway = { mac: 'cc:47:52:4e:45:54', linkLocal: 'fe80::ce47:52ff:fe4e:4554' }

const okeanid = fileURLToPath(new URL('../../agent/bin/okeanid.js', import.meta.url))

/** Makes it. @param sections of the compiled configuration */
export async function openRoutedWorld(
  sections: Readonly<Record<string, Variables>> = {},
): Promise<RoutedWorld> {
  const spaces: Space[] = []
  const close = async () => {
    for (const space of spaces) await space[Symbol.asyncDispose]()
  }
  try {
    for (const name of ['host', 'guest', 'router']) spaces.push(await openSpace(name))
    const [host, guest, router] = spaces
    if (!host || !guest || !router) throw new Error('no spaces')
    const state = path.join(host.directory, 'state')
    mkdirSync(path.join(state, 'nics'), { recursive: true })
    writeFileSync(
      path.join(state, 'nics/config.json'),
      JSON.stringify({ version: 1, fingerprint: '', sections }),
    )
    mkdirSync(path.join(host.directory, 'okeanid/nics'), { recursive: true })
    await connect(host, router)
    const plug = async () => {
      await host.sh(`
        ip link add tap0 type veth peer name eth0 netns ${guest.pid} address ${routedVariables['MAC']}
        ip link set tap0 down`)
      await guest.sh(`
        sysctl -qw net.ipv6.conf.eth0.accept_ra=0
        ip link set eth0 up
        ip addr add ${own.ip}/24 dev eth0; ip route add default via 192.0.2.1
        ip addr add ${own.ip6}/128 dev eth0 nodad
        ip -6 route add default via ${gateway.linkLocal} dev eth0`)
    }
    await plug()
    return {
      host,
      guest,
      router,
      plug,
      nic: (verb, variables = { ...routedVariables, LINK: '100' }) =>
        host.run(
          [
            process.execPath,
            okeanid,
            'nic',
            verb,
            '--state-directory',
            state,
            '--runtime-directory',
            '/run/okeanid',
          ],
          { env: variables },
        ),
      // until one is answered: the kernel may take a second to notice that a link came up
      pings: async (from, address) =>
        (await from.run(['ping', '-n', '-c1', '-w4', '-i0.2', address])).code === 0,
      async arpAnswer(from, { device, address, isProbe = false }) {
        const probe = isProbe ? ['-D'] : ['-f']
        const argv = ['busybox', 'arping', ...probe, '-c1', '-w1', '-I', device, address]
        const { text } = await from.run(argv)
        return /\[([0-9a-f:]+)\]/i.exec(text)?.[1]?.toLowerCase()
      },
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** What an administrator does once on a node: forwarding, the table's default route, and the rule for what comes from outside. */
async function connect(host: Space, router: Space): Promise<void> {
  await host.sh(`
    sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0
    ip link add eth1 type veth peer name wan netns ${router.pid}
    ip link set eth1 up
    ip route add default via 192.0.2.1 dev eth1 onlink table 100
    ip -6 route add 2001:db8:1::1 dev eth1 table 100
    ip -6 route add default via 2001:db8:1::1 dev eth1 onlink table 100
    ip rule add iif eth1 lookup 100; ip -6 rule add iif eth1 lookup 100`)
  await router.sh(`
    sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    ip addr add ${beyond.ip}/32 dev lo; ip addr add ${beyond.ip6}/128 dev lo
    ip link set wan up; ip addr add 192.0.2.1/24 dev wan; ip addr add 2001:db8:1::1/64 dev wan nodad`)
}
