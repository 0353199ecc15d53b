import t from 'tap'
import type { IfName } from '#addr/if-name.js'
import type { Ipv4 } from '#addr/ipv4.js'
import { type Mac, macNumber, parseMac } from '#addr/mac.js'
import type { NicService } from '#binding/service.js'
import { compileNic } from '#responder/compiled-nic.js'
import { createDispatcher } from '#responder/dispatch.js'
import type { Packet } from '#responder/outcome.js'
import { encodeDhcpv4 } from '#wire/dhcpv4/message.js'
import { encodeIpv4 } from '#wire/ipv4.js'
import { encodeUdp } from '#wire/udp.js'
import { usualNetwork } from '../support/nic4.js'

const mine = mac('aa:00:00:00:00:01')
const other = mac('aa:00:00:00:00:02')
const time = { monotonicMs: 1_000_000, unixMs: 1_700_000_000_000 }
const limit = { perSecond: 10, burst: 5 }
const slot = { bytes: new Uint8Array(2048), at: 0, size: 2048 }
const device = { sourceMac: macNumber(mac('fe:00:00:00:00:01')), mtu: 1500 }

function mac(text: string): Mac {
  const parsed = parseMac(text)
  if (parsed === undefined) throw new Error(`${text} is no hardware address`)
  return parsed
}

function service(own: Mac, changes: Partial<NicService> = {}): NicService {
  return {
    tap: 'tap0' as IfName,
    mac: own,
    instance: 'vm1',
    nic: '0',
    network: 'pub',
    mode: 'bridged',
    sourceDevice: 'br0' as IfName,
    ip6: undefined,
    isGateway: false,
    whenDown: 'pass',
    checksSource: true,
    dhcp4: {
      address: '192.0.2.7' as Ipv4,
      hostname: 'vm1',
      network: usualNetwork,
    },
    ra: undefined,
    neighbours: undefined,
    dhcp6: undefined,
    ...changes,
  }
}

/** A DHCPDISCOVER as it comes out of a queue, with the Ethernet source that the kernel saw. */
function discover(sourceMac: Mac | undefined, chaddr: Mac = sourceMac ?? mine): Packet {
  const bytes = new Uint8Array(1000)
  const hardware = new Uint8Array(16)
  hardware.set(Uint8Array.from(chaddr.split(':'), (pair) => Number.parseInt(pair, 16)))
  const length = encodeDhcpv4(
    {
      ...{ op: 1, htype: 1, hlen: 6, hops: 0, xid: 77, secs: 0, flags: 0 },
      ...{ ciaddr: 0, yiaddr: 0, siaddr: 0, giaddr: 0 },
      chaddr: hardware,
      sname: new Uint8Array(0),
      file: new Uint8Array(0),
      options: [{ code: 53, value: Uint8Array.of(1) }],
    },
    bytes,
    28,
    400,
  )
  encodeUdp({ sourcePort: 68, destinationPort: 67, length: length + 8, checksum: 0 }, bytes, 20)
  encodeIpv4(
    {
      ...{ trafficClass: 0, totalLength: length + 28, identification: 0, isDontFragment: false },
      ...{ isMoreFragments: false, fragmentOffsetBytes: 0, timeToLive: 64, protocol: 17 },
      ...{ source: 0, destination: 0xffffffff, options: new Uint8Array(0) },
    },
    bytes,
    0,
  )
  return {
    ...{ bytes, at: 0, length: length + 28, isChecksumReady: true },
    sourceMac: sourceMac === undefined ? undefined : macNumber(sourceMac),
  }
}

function fail(error: unknown): never {
  throw error
}

t.test('who a packet is of is said by the tap and the Ethernet source', async (t) => {
  const dispatcher = createDispatcher(limit, fail)
  dispatcher.put(5, compileNic(service(mine), device))
  t.match(dispatcher.dispatch(5, discover(mine), slot, time), { kind: 'reply', what: 'offer' })
  t.match(dispatcher.dispatch(6, discover(mine), slot, time), { reason: 'unknown-nic' })
  t.match(dispatcher.dispatch(5, discover(other, mine), slot, time), { reason: 'spoofed-source' })
  t.match(dispatcher.dispatch(5, discover(undefined), slot, time), { reason: 'spoofed-source' })
  t.match(dispatcher.dispatch(5, discover(mine, other), slot, time), { reason: 'foreign-chaddr' })
  const [nic] = dispatcher.nics()
  t.match(nic?.counts, { offer: 1, 'spoofed-source': 2, 'foreign-chaddr': 1 })
  t.strictSame(nic?.lastAnswer, { what: 'offer', unixMs: time.unixMs })
  t.match(dispatcher.totals(), { offer: 1, 'unknown-nic': 1 })
})

t.test('a NIC whose source nobody checks is answered under any', async (t) => {
  const dispatcher = createDispatcher(limit, fail)
  dispatcher.put(5, compileNic(service(mine, { checksSource: false }), device))
  t.match(dispatcher.dispatch(5, discover(other, mine), slot, time), { kind: 'reply' })
})

t.test(
  'who floods one tap, or floods it under false addresses, takes nothing from others',
  async (t) => {
    const dispatcher = createDispatcher(limit, fail)
    dispatcher.put(5, compileNic(service(mine), device))
    dispatcher.put(5, compileNic(service(other), device))
    dispatcher.put(6, compileNic(service(mine), device))
    const stray = discover(mac('aa:00:00:00:00:99'))
    for (let count = 0; count < 1000; count++) {
      dispatcher.dispatch(5, discover(mine), slot, time)
      dispatcher.dispatch(5, stray, slot, time)
    }
    t.match(dispatcher.dispatch(5, discover(mine), slot, time), { reason: 'rate-limited' })
    t.match(dispatcher.dispatch(5, discover(other), slot, time), { kind: 'reply' })
    t.match(dispatcher.dispatch(6, discover(mine), slot, time), { kind: 'reply' })
    const later = { ...time, monotonicMs: time.monotonicMs + 100 }
    t.match(
      dispatcher.dispatch(5, discover(mine), slot, later),
      { kind: 'reply' },
      'and gets his own share again',
    )
    t.equal(dispatcher.nics()[0]?.counts['rate-limited'], 995 + 995 + 1)
  },
)

t.test('a changed NIC keeps its counts, a removed one is unknown', async (t) => {
  const dispatcher = createDispatcher(limit, fail)
  dispatcher.put(5, compileNic(service(mine), device))
  dispatcher.dispatch(5, discover(mine), slot, time)
  dispatcher.put(5, compileNic(service(mine, { dhcp4: undefined }), device))
  t.match(dispatcher.dispatch(5, discover(mine), slot, time), {
    kind: 'pass',
    reason: 'not-served',
  })
  t.match(dispatcher.nics()[0]?.counts, { offer: 1, 'not-served': 1 })
  dispatcher.put(5, compileNic(service(other), device))
  dispatcher.remove(5, mine)
  t.match(dispatcher.dispatch(5, discover(mine), slot, time), { reason: 'spoofed-source' })
  t.match(dispatcher.dispatch(5, discover(other), slot, time), { kind: 'reply' })
  dispatcher.remove(5, other)
  t.match(dispatcher.dispatch(5, discover(other), slot, time), { reason: 'unknown-nic' })
  t.strictSame(dispatcher.nics(), [])
  t.match(dispatcher.totals(), { offer: 2, 'not-served': 1, 'spoofed-source': 1, 'unknown-nic': 1 })
})

t.test('what a bug throws costs the packet, not the service', async (t) => {
  const errors: unknown[] = []
  const dispatcher = createDispatcher(limit, (error) => errors.push(error))
  const broken = compileNic(service(mine), device)
  const trap = new Proxy(broken, {
    get(target, key) {
      if (key === 'dhcpv4') throw new Error('bug')
      return Reflect.get(target, key)
    },
  })
  dispatcher.put(5, trap)
  dispatcher.put(6, broken)
  t.match(dispatcher.dispatch(5, discover(mine), slot, time), { reason: 'internal-error' })
  t.match(dispatcher.dispatch(6, discover(mine), slot, time), { kind: 'reply' })
  t.match(errors, [{ message: 'bug' }])
})
