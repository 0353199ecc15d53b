import t from 'tap'
import { parseCidr6 } from '#addr/cidr.js'
import type { IfName } from '#addr/if-name.js'
import { type Mac, macNumber } from '#addr/mac.js'
import type { NicService, RaService } from '#binding/service.js'
import type { CompiledNic } from '#responder/compiled-nic.js'
import { createAdvertiser } from '#responder/ra/advertiser.js'

const mac = 'aa:00:00:00:00:01' as Mac
const device = { sourceMac: macNumber('cc:47:52:4e:45:54' as Mac), mtu: 1500 }
const half = () => 0.5

function ra(prefix: string, changes: Partial<RaService> = {}): RaService {
  const cidr = parseCidr6(prefix)
  if (cidr === undefined) throw new Error(prefix)
  return {
    routerLifetimeSeconds: 1800,
    preference: 'medium',
    hopLimit: 64,
    isManaged: false,
    hasOtherConfig: false,
    prefixes: [
      {
        prefix: cidr,
        ...{ isOnLink: false, isAutonomous: true, validSeconds: 86_400, preferredSeconds: 14_400 },
      },
    ],
    mtu: undefined,
    nameservers: [],
    searchList: [],
    dnsLifetimeSeconds: 1800,
    routes: [],
    pref64: undefined,
    captivePortal: undefined,
    sourceAddress: undefined,
    interval: { minSeconds: 200, maxSeconds: 600 },
    ...changes,
  }
}

function service(told: RaService | undefined): NicService {
  return {
    tap: 'tap0' as IfName,
    mac,
    ...{ instance: 'vm1', nic: '0', network: 'rt', mode: 'routed', sourceDevice: 'tap0' as IfName },
    ...{ ip6: undefined, isGateway: true, whenDown: 'pass', checksSource: true },
    ...{ dhcp4: undefined, ra: told, neighbours: undefined, dhcp6: undefined },
  }
}

function open() {
  let compiled: CompiledNic | undefined
  const advertiser = createAdvertiser((_, nic) => {
    compiled = nic
  })
  const put = (nowSeconds: number, told: RaService | undefined) =>
    advertiser.put(7, service(told), device, { nowSeconds, random: 0.5 })
  /** Times at which something was sent until then, and whether it was final. */
  const run = (untilSeconds: number) => {
    const sent: (readonly [number, boolean])[] = []
    for (;;) {
      const next = advertiser.nextSeconds()
      if (next === undefined || next > untilSeconds) return sent
      for (const { isFinal } of advertiser.take(next, half, 10)) sent.push([next, isFinal])
    }
  }
  const prefixes = () =>
    compiled?.service.ra?.prefixes.map(({ prefix, preferredSeconds, validSeconds }) => [
      prefix.address,
      preferredSeconds,
      validSeconds,
    ])
  return { advertiser, put, run, prefixes }
}

t.test('three come soon, then one now and then (RFC 4861 §6.2.4)', async (t) => {
  const { put, run } = open()
  put(1000, ra('2001:db8:1::/64'))
  t.strictSame(run(2000), [
    [1008, false],
    [1024, false],
    [1040, false],
    [1440, false],
    [1840, false],
  ])
})

t.test('a file that is written again without saying anything else changes nothing', async (t) => {
  const { put, run } = open()
  put(1000, ra('2001:db8:1::/64'))
  run(1100)
  put(1100, ra('2001:db8:1::/64'))
  t.strictSame(run(1500), [[1440, false]])
})

t.test('a prefix that went is told of as deprecated for two hours (RFC 4862 §5.5.3)', async (t) => {
  const { put, run, prefixes } = open()
  put(1000, ra('2001:db8:1::/64'))
  run(1100)
  put(1100, ra('2001:db8:2::/64'))
  t.strictSame(prefixes(), [
    ['2001:db8:2::', 14_400, 86_400],
    ['2001:db8:1::', 0, 7200],
  ])
  t.equal(run(1200).length, 3, 'and hosts hear of it soon')
  put(1200, ra('2001:db8:3::/64'))
  t.strictSame(
    prefixes()?.map(([address]) => address),
    ['2001:db8:3::', '2001:db8:2::', '2001:db8:1::'],
  )
  run(1200 + 7300)
  t.strictSame(
    prefixes()?.map(([address]) => address),
    ['2001:db8:3::'],
  )
})

t.test('answers tell of what is deprecated also where nothing is sent unasked', async (t) => {
  const { put, run, prefixes } = open()
  put(1000, ra('2001:db8:1::/64', { interval: undefined }))
  put(1100, ra('2001:db8:2::/64', { interval: undefined }))
  t.equal(prefixes()?.length, 2)
  t.strictSame(run(1100 + 7201), [])
  t.equal(prefixes()?.length, 1)
})

t.test('who is router no more says so three times (RFC 4861 §6.2.5)', async (t) => {
  for (const end of ['switched off', 'removed']) {
    const { advertiser, put, run } = open()
    put(1000, ra('2001:db8:1::/64'))
    run(1100)
    if (end === 'removed') advertiser.remove(7, mac, { nowSeconds: 1100, random: 0.5 })
    else put(1100, undefined)
    t.strictSame(run(9999), [
      [1100, true],
      [1103, true],
      [1106, true],
    ])
    t.equal(advertiser.nextSeconds(), undefined, 'and keeps nothing')
  }
})

t.test('a NIC whose tap is gone is told nothing', async (t) => {
  const { advertiser, put, run } = open()
  put(1000, ra('2001:db8:1::/64'))
  advertiser.forget(7, mac)
  t.strictSame(run(9999), [])
})

t.test('a NIC that comes back meanwhile is a router’s again', async (t) => {
  const { advertiser, put, run } = open()
  put(1000, ra('2001:db8:1::/64'))
  run(1100)
  advertiser.remove(7, mac, { nowSeconds: 1100, random: 0.5 })
  run(1101)
  put(1101, ra('2001:db8:1::/64'))
  t.strictSame(run(1150), [
    [1109, false],
    [1125, false],
    [1141, false],
  ])
})

t.test('ten thousand NICs cost what is due, not what there is', async (t) => {
  const { advertiser } = open()
  for (let index = 0; index < 10_000; index++)
    advertiser.put(index, service(ra('2001:db8:1::/64')), device, {
      nowSeconds: 0,
      random: index / 10_000,
    })
  t.equal(advertiser.take(1.6, half, 64).length, 64)
  let count = 64
  for (
    let due = advertiser.take(1.6, half, 64);
    due.length > 0;
    due = advertiser.take(1.6, half, 64)
  )
    count += due.length
  t.equal(count, 1001, 'a tenth of them within a tenth of the time')
})
