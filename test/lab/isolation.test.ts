import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { linkLocalOfMac } from '#addr/eui64.js'
import { arpAttacks } from '../attacks/arp-attacks.js'
import type { Attack } from '../attacks/attack.js'
import { ip4Attacks } from '../attacks/ip4-attacks.js'
import { ip6Attacks } from '../attacks/ip6-attacks.js'
import { linkAttacks } from '../attacks/link-attacks.js'
import { ndAttacks, raAttacks } from '../attacks/nd-attacks.js'
import type { World } from '../attacks/world.js'
import { mac } from '../nic/rules/desired-nic.js'
import { until } from '../support/until.js'
import { labUnavailable } from './command.js'
import { openLab } from './lab.js'

/** Attacks of test/attacks, sent by the kernel of a guest that the lab's cluster runs, through what `okeanid nic up` made of its tap. */
const names = [
  'another Ethernet source',
  'a frame of an unknown type',
  'ARP poisoning by a reply: the gateway is the attacker',
  'ARP poisoning by gratuitous ARP',
  'metadata impersonation: 169.254.169.254 is the attacker',
  'an IPv4 source of a third, to another guest',
  'an IPv4 redirect, from the attacker’s own address',
  'an IGMP querier that draws all groups to itself',
  'a rogue DHCP server',
  'a rogue DHCPv6 server',
  'a rogue DHCPv6 server behind destination options',
  'a rogue router advertisement',
  'a rogue router advertisement behind hop-by-hop options',
  'a rogue router advertisement in an atomic fragment (RFC 6946)',
  'neighbour advertisement with override: the gateway is the attacker',
  'an IPv6 redirect',
]

/** Tells what goes out by a tap, that is, to its guest. */
const listener = `
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind((sys.argv[1], 0))
print('ready', flush=True)
while True:
  frame, address = s.recvfrom(65536)
  if address[2] == 4: print(frame.hex(), flush=True)
`

t.test('attacks from a booted guest', { skip: labUnavailable() ?? false }, async (t) => {
  const lab = await openLab({ nodes: 2, hasBroker: false, hasApi: false })
  t.teardown(() => lab.close())
  await lab.deploy()
  const attacker = partyOf('aa:00:00:41:41:41', '192.0.2.41')
  const victim = partyOf('aa:00:00:42:42:42', '192.0.2.42')
  await lab.vm.add('attacker', { node: 'n1', mac: attacker.mac, ip: attacker.ip })
  await lab.vm.add('victim', { node: 'n1', mac: victim.mac, ip: victim.ip })
  for (const name of ['attacker', 'victim']) t.ok(await lab.vm.wait(name, 'LABBOOT', 180))
  const tap = async (address: string): Promise<string> => {
    const text = await lab.execOk('n1', ['grep', '-l', address, '-r', '/var/lib/okeanid/nics/taps'])
    return path.basename(text.trim(), '.json')
  }
  const [attackerTap, victimTap] = [await tap(attacker.mac), await tap(victim.mac)]
  const [, router = ''] =
    /link\/ether (\S+)/.exec(await lab.execOk('hub', ['ip', 'link', 'show', 'br-pub'])) ?? []
  const gateway = {
    mac: router,
    ip: '192.0.2.1',
    linkLocal: linkLocalOfMac(mac(router)),
  }
  const world = { mode: 'bridged', attacker, victim, gateway } as unknown as World
  const all = [
    ...linkAttacks,
    ...arpAttacks,
    ...ip4Attacks,
    ...ip6Attacks,
    ...ndAttacks,
    ...raAttacks,
  ]
  const attacks = names.map((name) => {
    const attack = all.find((one) => one.name === name)
    if (attack === undefined) throw new Error(`no attack is called ${name}`)
    return {
      attack,
      frames: attack.frames(world, 'from-a-guest.').map((frame) => Buffer.from(frame)),
    }
  })

  const sender = path.join(t.testdir(), 'sender')
  const flags = '-Os -static -nostdlib -fno-stack-protector -fno-asynchronous-unwind-tables'
  const link = '-Wl,-z,noseparate-code,--build-id=none,-n'
  execFileSync('gcc', [...flags.split(' '), link, '-s', '-o', sender, 'test/lab/frame-sender.c'], {
    stdio: 'ignore',
  })
  await type('/sender', readFileSync(sender))
  await type(
    '/frames',
    Buffer.concat(
      attacks.flatMap(({ frames }) =>
        frames.flatMap((frame) => [Uint8Array.of(frame.length >> 8, frame.length & 255), frame]),
      ),
    ),
  )
  await lab.vm.sh(
    'attacker',
    `chmod 755 /sender; ip addr add ${attacker.ip}/24 dev eth0; ip route add default via ${gateway.ip}`,
  )

  const ear = lab.spawn('n1', ['python3', '-c', listener, victimTap])
  t.teardown(() => ear.kill('SIGKILL'))
  let heard = ''
  ear.child.stdout.on('data', (part: Buffer) => {
    heard += part.toString()
  })
  await until('the listener', () => (heard.includes('ready') ? true : undefined))

  await t.test('with all rules', async (t) => {
    heard = ''
    t.match(await lab.vm.sh('attacker', ownTraffic(gateway.ip)), /own traffic works/)
    for (const { attack, frames } of attacks) t.equal(arrived(frames), 0, `stopped: ${attack.name}`)
    const counted = await refusals()
    for (const { attack } of attacks)
      t.ok(
        attack.stops.some((reason) => counted.has(reason)),
        `counted: ${attack.stops}`,
      )
    t.match(
      await lab.vm.sh('victim', `ip addr add ${victim.ip}/24 dev eth0; ${ping(gateway.ip)}`),
      /own traffic works/,
      'the victim is unharmed',
    )
  })

  await t.test('without the rules that stop them', async (t) => {
    await remove(attacks.map(({ attack }) => attack))
    heard = ''
    await lab.vm.sh('attacker', ownTraffic(gateway.ip))
    for (const { attack, frames } of attacks)
      t.equal(arrived(frames), frames.length, `works: ${attack.name}`)
  })

  /** How many of the frames have gone to the victim. */
  function arrived(frames: readonly Buffer[]): number {
    return frames.filter((frame) =>
      heard.includes(frame.subarray(0, toldBytes(frame)).toString('hex')),
    ).length
  }

  /** Types a file into the attacker's shell, whose lines must be short. */
  async function type(file: string, bytes: Uint8Array): Promise<void> {
    const lines =
      gzipSync(bytes, { level: 9 })
        .toString('base64')
        .match(/.{1,600}/g) ?? []
    const script = [...lines.map((line) => `echo ${line} >>/typed`), ': end']
    await lab.vm.sh('attacker', script.join('\n'))
    await lab.vm.sh('attacker', `base64 -d /typed | gunzip >${file}; rm /typed`)
  }

  async function rules() {
    const text = await lab.execOk('n1', ['nft', '-j', 'list', 'table', 'netdev', 'okeanid'])
    const { nftables } = JSON.parse(text) as {
      nftables: {
        rule?: {
          chain: string
          handle: number
          comment?: string
          expr: { counter?: { packets: number } }[]
        }
      }[]
    }
    const chains = ['from', 'nd', 'dad'].map((what) => `${what}_${attackerTap}`)
    return nftables.flatMap(({ rule }) =>
      rule?.comment !== undefined && chains.includes(rule.chain)
        ? [{ ...rule, comment: rule.comment }]
        : [],
    )
  }

  async function refusals(): Promise<ReadonlySet<string>> {
    const hit = (await rules()).filter(({ expr }) =>
      expr.some(({ counter }) => counter !== undefined && counter.packets > 0),
    )
    return new Set(hit.map(({ comment }) => comment))
  }

  async function remove(all: readonly Attack[]): Promise<void> {
    const reasons = new Set<string>(all.flatMap(({ stops }) => stops))
    for (const { chain, handle, comment } of await rules())
      if (reasons.has(comment))
        await lab.execOk('n1', [
          ...['nft', 'delete', 'rule', 'netdev', 'okeanid', chain],
          ...['handle', String(handle)],
        ])
  }
})

function partyOf(hardware: string, ip: string) {
  const linkLocal = linkLocalOfMac(mac(hardware))
  return { mac: hardware, ip, linkLocal, ip6: linkLocal.replace('fe80::', '2001:db8:1:0:') }
}

/** How much of a frame tells it from others; br_netfilter takes off what is behind a packet, all here are longer than this. */
function toldBytes(frame: Buffer): number {
  return frame.readUInt16BE(12) === 0x86dd ? 54 + 24 : 54
}

/** Sends all frames; then what is the guest's own must pass. */
function ownTraffic(gateway: string): string {
  return `/sender </frames; ${ping(gateway)}`
}

function ping(gateway: string): string {
  return `ping -c 1 -W 2 ${gateway} >/dev/null && echo own traffic works | cat`
}
