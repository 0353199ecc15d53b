import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { parseNicEnvironment } from '#ganeti/nic-environment.js'
import { nicOfWords } from '#nic/ganeti-nic.js'
import { formatNicRecord } from '#nic/record.js'
import { decoded, fields, openCapture } from '../support/capture.js'
import { siteUnavailable } from '../support/site-unavailable.js'
import { openSpace, type Program, type Space } from '../support/space.js'
import { until } from '../support/until.js'

const skip = siteUnavailable() ?? false

/** Python, so that it is not our code: a tap with a guest of one address behind it. SIGUSR1: QEMU's announcement; SIGUSR2: from now on it answers. */
const guest = `
import fcntl, os, signal, struct, sys
name, mac, ip = sys.argv[1], bytes.fromhex(sys.argv[2]), bytes(map(int, sys.argv[3].split('.')))
tap = os.open('/dev/net/tun', os.O_RDWR)
fcntl.ioctl(tap, 0x400454ca, struct.pack('16sH22x', name.encode(), 0x1002))
awake = False
def announce(*_):
  os.write(tap, (b'\\xff' * 6 + mac + bytes.fromhex('8035000108000604' + '0003') + mac + bytes(4) + mac + bytes(4)).ljust(60, b'\\0'))
def wake(*_):
  global awake
  awake = True
signal.signal(signal.SIGUSR1, announce)
signal.signal(signal.SIGUSR2, wake)
print('ready', flush=True)
while True:
  frame = os.read(tap, 2048)
  print(frame.hex(), flush=True)
  if awake and frame[12:14] == b'\\x08\\x06' and frame[20:22] == b'\\0\\1' and frame[38:42] == ip:
    os.write(tap, (frame[6:12] + mac + bytes.fromhex('0806000108000604' + '0002') + mac + ip + frame[22:32]).ljust(60, b'\\0'))
`

const macs = { tap0: 'aa:00:00:00:00:10', tap1: 'aa:00:00:00:00:11', tap2: 'aa:00:00:00:00:12' }
const ips = { tap0: '192.0.2.10', tap1: '192.0.2.11', tap2: '192.0.2.12' }
type Tap = keyof typeof macs

interface Stage {
  readonly host: Space
  readonly guests: Readonly<Record<Tap, Program>>
  /** What nic up leaves. */
  remember(tap: Tap, change?: { readonly mode?: string; readonly network?: number }): Promise<void>
  announcer(): Promise<Program>
}

async function openStage(t: Test): Promise<Stage> {
  const host = await openSpace('announce')
  t.teardown(() => host[Symbol.asyncDispose]())
  await host.sh(`
    ip link add br0 type bridge forward_delay 0 mcast_snooping 0
    ip link add wire0 type veth peer name wire1
    ip link set wire0 master br0 up
    ip link set wire1 up
    ip link set br0 up`)
  const start = async (tap: Tap): Promise<Program> => {
    const mac = macs[tap].replaceAll(':', '')
    const program = host.spawn(['python3', '-c', guest, tap, mac, ips[tap]])
    await program.said(/ready/)
    return program
  }
  const guests = { tap0: await start('tap0'), tap1: await start('tap1'), tap2: await start('tap2') }
  const records = path.join(host.directory, 'taps')
  mkdirSync(records)
  return {
    host,
    guests,
    async remember(tap, { mode = 'bridged', network = 1 } = {}) {
      const ifindex = Number(await host.sh(`cat /sys/class/net/${tap}/ifindex`))
      const found = parseNicEnvironment(
        {
          ...{ INTERFACE: tap, INSTANCE: `vm-${tap}.example.com`, INTERFACE_INDEX: '0', TAGS: '' },
          ...{ MAC: macs[tap], IP: ips[tap], MODE: mode, LINK: mode === 'routed' ? '' : 'br0' },
          ...{ INTERFACE_UUID: `00000000-0000-4000-8000-00000000000${tap.slice(3)}`, VLAN: '' },
          ...{
            NETWORK_NAME: `net-${network}`,
            NETWORK_UUID: `00000000-0000-4000-8000-10000000000${network}`,
            NETWORK_TAGS: '',
          },
          ...{ NETWORK_SUBNET: '192.0.2.0/24', NETWORK_GATEWAY: '192.0.2.1' },
        },
        {},
      )
      if (found.kind !== 'nic') throw new Error(JSON.stringify(found))
      const nic = nicOfWords(found.words)
      const proxies =
        nic.ip === undefined || mode !== 'routed'
          ? []
          : [{ address: nic.ip, device: 'wire0' as never }]
      const left = {
        tap: nic.tap,
        lookups: [],
        proxies,
        privateBridge: undefined,
        ovsBridge: undefined,
        script: undefined,
      }
      const text = formatNicRecord({
        nic,
        stance: 'enforce',
        ifindex,
        atSeconds: 0,
        config: '',
        scriptDigest: undefined,
        rulesDigest: undefined,
        adoptedAtSeconds: undefined,
        left,
      })
      writeFileSync(path.join(records, `.${tap}.new`), text)
      renameSync(path.join(records, `.${tap}.new`), path.join(records, `${tap}.json`))
    },
    async announcer() {
      const program = host.spawn([
        process.execPath,
        path.resolve('dist/test/bin/announcer.js'),
        '/run/taps',
      ])
      await program.said(/ready/)
      return program
    },
  }
}

t.test('a bridged guest is announced when it runs here, never before', { skip }, async (t) => {
  const { host, guests, remember, announcer } = await openStage(t)
  await host.sh('for tap in tap0 tap1 tap2; do ip link set "$tap" master br0 up; done')
  const wire = await openCapture(host, 'wire1')
  await remember('tap1')
  await remember('tap2', { network: 2 })
  const program = await announcer()
  await remember('tap0')
  guests.tap1.signal('SIGUSR1') // another guest that talks is no reason to announce this one
  await program.said(/nic-announced .*tap1/)
  t.notMatch(program.text(), 'tap0')

  guests.tap0.signal('SIGUSR1')
  await program.said(/nic-announced .*tap0/)
  const own = `eth.src == ${macs.tap0} && arp.isannouncement`
  const times = await until('three announcements', async () => {
    const rows = await fields(wire.file, own, ['frame.time_epoch'])
    return rows.length >= 3 ? rows.map(([at]) => Number(at)) : undefined
  })
  t.equal(times.length, 3)
  const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0))
  for (const gap of gaps) t.ok(gap > 0.5, `not at once: ${gap} s`)
  const first = await fields(wire.file, `eth.src == ${macs.tap0}`, ['eth.type', 'frame.time_epoch'])
  t.match(first[0], ['0x8035'], 'nothing was said before the guest spoke')
  const own6 = `icmpv6.type == 136 && eth.src == ${macs.tap0} && icmpv6.nd.na.flag.o == 1`
  const target = 'icmpv6.nd.na.target_address == fe80::a800:ff:fe00:10'
  await until('three advertisements', async () =>
    (await decoded(wire.file, `${own6} && ${target}`)).length === 3 ? true : undefined,
  )

  const announced = `^ffffffffffff${macs.tap0.replaceAll(':', '')}0806`
  const heard = (tap: Tap): number =>
    guests[tap].text().match(new RegExp(announced, 'gm'))?.length ?? 0
  await until('its neighbour hears it', () => (heard('tap1') === 3 ? true : undefined))
  t.equal(heard('tap0'), 0, 'the guest itself does not')
  t.equal(heard('tap2'), 0, 'nor a guest of another network on the same bridge')
})

t.test(
  'a routed guest that says nothing is asked, and announced when it answers',
  { skip },
  async (t) => {
    const { host, guests, remember, announcer } = await openStage(t)
    await host.sh('ip link set tap0 address cc:47:52:4e:45:54 up')
    const wire = await openCapture(host, 'wire1')
    const program = await announcer()
    await remember('tap0', { mode: 'routed' })
    const question = /^aa0000000010cc47524e4554080600010800060400 01/.source.replace(' ', '')
    await guests.tap0.said(new RegExp(`${question}cc47524e4554c0000201000000000000c000020a`, 'm'))
    t.notMatch(program.text(), /nic-announced/)
    guests.tap0.signal('SIGUSR2')
    await program.said(/nic-announced .*tap0/)
    const mac = (await host.sh('cat /sys/class/net/wire0/address')).trim()
    const seen = await wire.saw(
      `arp.isannouncement && eth.src == ${mac} && arp.src.proto_ipv4 == 192.0.2.10`,
    )
    t.ok(seen.length > 0, 'its address is at this host')
  },
)

t.test('a role that starts anew announces nobody who runs already', { skip }, async (t) => {
  const { host, guests, remember, announcer } = await openStage(t)
  await host.sh('for tap in tap0 tap1; do ip link set "$tap" master br0 up; done')
  await remember('tap0')
  guests.tap0.signal('SIGUSR1')
  await until('its frame', async () =>
    (await host.sh('cat /sys/class/net/tap0/statistics/rx_packets')).trim() === '1'
      ? true
      : undefined,
  )
  const program = await announcer()
  await remember('tap1')
  guests.tap1.signal('SIGUSR1')
  await program.said(/nic-announced .*tap1/)
  t.notMatch(program.text(), 'tap0')
})
