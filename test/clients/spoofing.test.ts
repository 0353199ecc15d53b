import t from 'tap'
import { macBytes, parseMac } from '#addr/mac.js'
import type { Dhcpv6Option } from '#wire/dhcpv6/option.js'
import { dhcpv6Option, dhcpv6Type } from '#wire/dhcpv6/option-code.js'
import { decoded, openCapture } from '../support/capture.js'
import { type Guest, type GuestNic, openSite } from '../support/site.js'
import { siteUnavailable } from '../support/site-unavailable.js'
import { until } from '../support/until.js'
import { startAgent } from './agent.js'
import { sendFrames } from './guest.js'
import { dhcpFrame, dhcpv6Frame, ndpFrame } from './packets.js'
import { startUdhcpc } from './udhcpc.js'

/** An attack: what the attacker sends, and which counter must know of it. */
interface Attack {
  readonly name: string
  readonly frame: (attacker: GuestNic, victim: GuestNic) => Uint8Array
  /** What becomes of it; with the source unchecked, what becomes of it then. */
  readonly outcome: string
  readonly unchecked?: string
}

const allRouters = { destination: '33:33:00:00:00:02', destinationIp: 'ff02::2' } as const
const allServers = { destination: '33:33:00:01:00:02', destinationIp: 'ff02::1:2' } as const

const attacks: readonly Attack[] = [
  {
    name: 'asks as the victim in every respect',
    frame: (_, { mac, ip }) => dhcpFrame({ type: 'discover', xid: 1, source: mac, requested: ip }),
    outcome: 'spoofed-source',
    unchecked: 'offer', // of the attacker's own address: all that its tap can ever get
  },
  {
    name: 'asks with the hardware address of the victim in the message alone',
    frame: ({ mac }, victim) =>
      dhcpFrame({ type: 'discover', xid: 2, source: mac, chaddr: victim.mac }),
    outcome: 'foreign-chaddr',
  },
  {
    name: 'asks with the client identifier of the victim',
    frame: ({ mac }, victim) =>
      dhcpFrame({ type: 'discover', xid: 3, source: mac, clientId: victim.mac }),
    outcome: 'offer',
  },
  {
    name: 'asks for the address of the victim',
    frame: ({ mac }, { ip, gateway }) =>
      dhcpFrame({ type: 'request', xid: 4, source: mac, requested: ip, serverId: gateway }),
    outcome: 'nak',
  },
  {
    name: 'renews the address of the victim, from this address',
    frame: ({ mac }, { ip }) =>
      dhcpFrame({ type: 'request', xid: 5, source: mac, sourceIp: ip, ciaddr: ip }),
    outcome: 'nak',
  },
  {
    name: 'releases the address of the victim as the victim',
    frame: (_, { mac, ip, gateway }) =>
      dhcpFrame({ type: 'release', xid: 6, source: mac, ciaddr: ip, serverId: gateway }),
    outcome: 'spoofed-source',
    unchecked: 'release',
  },
  {
    name: 'solicits a router as the victim',
    frame: (_, { mac }) =>
      ndpFrame(
        { ...allRouters, source: mac, sourceIp: linkLocal(mac) },
        { kind: 'router-solicitation', options: [] },
      ),
    outcome: 'spoofed-source',
    unchecked: 'router-advertisement',
  },
  {
    name: 'solicits a router from the address of the victim',
    frame: ({ mac }, victim) =>
      ndpFrame(
        { ...allRouters, source: mac, sourceIp: linkLocal(victim.mac) },
        { kind: 'router-solicitation', options: [] },
      ),
    outcome: 'router-advertisement',
  },
  {
    name: 'asks by DHCPv6 with the identity of the victim',
    frame: ({ mac }, victim) =>
      dhcpv6Frame(
        { ...allServers, source: mac, sourceIp: linkLocal(mac) },
        { type: dhcpv6Type.solicit, options: [duid(victim.mac), association] },
      ),
    outcome: 'dhcpv6-advertise',
  },
  {
    name: 'asks by DHCPv6 as the victim',
    frame: (_, { mac }) =>
      dhcpv6Frame(
        { ...allServers, source: mac, sourceIp: linkLocal(mac) },
        { type: dhcpv6Type.solicit, options: [duid(mac), association] },
      ),
    outcome: 'spoofed-source',
    unchecked: 'dhcpv6-advertise',
  },
]

const association: Dhcpv6Option = {
  ...{ kind: 'association', code: 3, iaid: 1, renewSeconds: 0, rebindSeconds: 0, options: [] },
}

t.test('spoofing', { skip: siteUnavailable() ?? false }, async (t) => {
  const site = await openSite()
  t.teardown(() => site[Symbol.asyncDispose]())
  const secrets = { bridged: '2001:db8:1::5ec:1', routed: '2001:db8:2::5ec:2' } as const
  const tags = ['nfdhcpd', 'okeanid:ra', 'okeanid:dhcpv6', 'okeanid:dns:2001:db8:53::1']
  const add = async (name: string, mode: 'bridged' | 'routed', ip6?: string): Promise<Guest> => {
    const guest = await site.addGuest(name, { nics: [mode], binding: undefined })
    for (const nic of guest.nics) site.bind(nic, changesOf(nic, ip6))
    return guest
  }
  const changesOf = (nic: GuestNic, ip6?: string): Readonly<Record<string, unknown>> => {
    const network = nic.binding['network']
    return { ip6, network: { ...(typeof network === 'object' && network), tags } }
  }
  const agent = await startAgent(site, { count: 0 })
  const pairs = {
    bridged: [await add('thief1', 'bridged'), await add('victim1', 'bridged', secrets.bridged)],
    routed: [await add('thief2', 'routed'), await add('victim2', 'routed', secrets.routed)],
  } as const
  await agent.serves(4)

  for (const mode of ['bridged', 'routed'] as const) {
    t.test(`on ${mode} taps`, async (t) => {
      const [attacker] = pairs[mode][0].nics
      const [victim] = pairs[mode][1].nics
      if (attacker === undefined || victim === undefined) throw new Error('a guest without NIC')
      const capture = await openCapture(attacker.guest, attacker.device)
      const own = await openCapture(victim.guest, victim.device)
      const client = startUdhcpc(victim)
      t.teardown(() => client[Symbol.asyncDispose]())
      t.match(await client.next(), { event: 'bound', ip: victim.ip, hostname: victim.guest.name })
      const becomes = async (outcome: string, frame: Uint8Array): Promise<void> => {
        const before = (await agent.outcomes())[outcome] ?? 0
        await sendFrames(attacker, [frame])
        await until(
          outcome,
          async () => ((await agent.outcomes())[outcome] ?? 0) > before || undefined,
        )
      }

      for (const { name, frame, outcome } of attacks)
        t.test(`an attacker ${name}: ${outcome}`, () => becomes(outcome, frame(attacker, victim)))

      t.test('and has learnt nothing of the victim', async (t) => {
        await Promise.all([capture.stop(), own.stop()])
        const answers = `eth.src == ${attacker.hostMac} && (dhcp || dhcpv6 || icmpv6.type == 134)`
        const data = [
          `frame contains "${victim.guest.name}"`,
          `dhcp.ip.your == ${victim.ip}`,
          `dhcp.ip.client == ${victim.ip}`,
          `dhcpv6.iaaddr.ip == ${secrets[mode]}`,
          `eth.dst == ${victim.mac}`,
          `ipv6.dst == ${victim.ip6}`,
        ]
        t.not((await decoded(capture.file, answers)).length, 0, 'it was told of itself')
        const secret = `${answers} && (${data.join(' || ')})`
        t.not((await decoded(own.file, secret)).length, 0, 'this is how the victim is told')
        t.same(await decoded(capture.file, secret), [])
      })

      t.test('whose service went on', async (t) => {
        client.program.signal('SIGUSR1')
        t.match(await client.next(), { event: 'renew', ip: victim.ip })
      })

      t.test('without the check of the source each of these is answered', async (t) => {
        const ip = attacker.ip.replace(/\d+$/, '250') // by which it shows that the change holds
        site.bind(attacker, { ...changesOf(attacker), ip, settings: { check_source: false } })
        await agent.knows(attacker, { address: ip })
        for (const { name, frame, unchecked } of attacks) {
          if (unchecked === undefined) continue
          await t.resolves(becomes(unchecked, frame(attacker, victim)), name)
        }
      })
    })
  }
})

function linkLocal(mac: string): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = bytesOf(mac)
  const hex = (high: number, low: number): string => ((high << 8) | low).toString(16)
  return `fe80::${hex(a ^ 2, b)}:${hex(c, 0xff)}:${hex(0xfe, d)}:${hex(e, f)}`
}

/** DUID-LL (RFC 9915 §11.4). */
function duid(mac: string): Dhcpv6Option {
  return {
    kind: 'bytes',
    code: dhcpv6Option.clientId,
    value: Uint8Array.of(0, 3, 0, 1, ...bytesOf(mac)),
  }
}

function bytesOf(text: string): Uint8Array {
  const mac = parseMac(text)
  if (mac === undefined) throw new Error(`${text} is no hardware address`)
  return macBytes(mac)
}
