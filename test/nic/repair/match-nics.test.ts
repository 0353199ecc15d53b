import t from 'tap'
import { parseIfName } from '#addr/if-name.js'
import { parseMac } from '#addr/mac.js'
import type { NicDescription } from '#ganeti/nic-words.js'
import { nicOfRuntime } from '#nic/ganeti-nic.js'
import type { NicRecord } from '#nic/record.js'
import { matchNics } from '#nic/repair/match-nics.js'

function tapNamed(name: string) {
  const tap = parseIfName(name)
  if (tap === undefined) throw new Error(name)
  return tap
}

/** The NIC whose hardware address and UUID end so. */
function nicOf(end: string): NicDescription {
  const mac = parseMac(`aa:00:00:00:00:${end}`)
  if (mac === undefined) throw new Error(end)
  return {
    name: undefined,
    uuid: `uuid-${end}`,
    mac,
    mode: 'bridged',
    link: 'br0',
    vlan: undefined,
    ip: undefined,
    ip6: undefined,
    network: undefined,
  }
}

/** A tap of ifindex 7 and more; `mac` as its port of a bridge has it. */
function linksOf(macs: Readonly<Record<string, string | undefined>>) {
  return new Map(
    Object.entries(macs).map(([name, mac], at) => [
      name,
      { ifindex: 7 + at, mac, mtu: 1500, isUp: true, master: undefined },
    ]),
  )
}

function recordOf(tap: string, ifindex: number, described: NicDescription): NicRecord {
  const name = tapNamed(tap)
  return {
    nic: nicOfRuntime({
      tap: name,
      instance: 'vm1',
      index: 0,
      described,
      instanceTags: ['of-record'],
    }),
    stance: 'enforce',
    ifindex,
    atSeconds: 1000,
    config: '',
    scriptDigest: undefined,
    rulesDigest: undefined,
    adoptedAtSeconds: undefined,
    left: {
      tap: name,
      lookups: [],
      proxies: [],
      privateBridge: undefined,
      ovsBridge: undefined,
      script: undefined,
    },
  }
}

const [a, b, c] = [nicOf('0a'), nicOf('0b'), nicOf('0c')]

/** `tap7 = 0a`, or `tap7 = ?`. */
function matched(given: {
  readonly nics: readonly NicDescription[]
  readonly taps: Readonly<Record<number, string>>
  readonly links: Readonly<Record<string, string | undefined>>
  readonly records?: readonly NicRecord[]
}): readonly string[] {
  const taps = Object.entries(given.taps).map(([number, name]) => ({
    number: Number(number),
    tap: tapNamed(name),
  }))
  const { nics, unknown } = matchNics(
    { name: 'vm1', nics: given.nics, taps, tags: undefined },
    {
      records: new Map((given.records ?? []).map((record) => [record.nic.tap, record])),
      links: linksOf(given.links),
    },
  )
  return [
    ...nics.map(({ tap, uuid, index }) => `${tap} = ${uuid.slice(-2)} (${index})`),
    ...unknown.map((tap) => `${tap} = ?`),
  ]
}

t.test('as many taps as NICs: by order', async (t) => {
  const links = { tap7: undefined, tap8: undefined }
  t.same(matched({ nics: [a, b], taps: { 0: 'tap7', 1: 'tap8' }, links }), [
    'tap7 = 0a (0)',
    'tap8 = 0b (1)',
  ])
})

t.test('the middle one of three was plugged out: numbers are no places', async (t) => {
  const links = { tap7: undefined, tap9: undefined }
  t.same(matched({ nics: [a, c], taps: { 0: 'tap7', 2: 'tap9' }, links }), [
    'tap7 = 0a (0)',
    'tap9 = 0c (1)',
  ])
})

t.test('a bridged tap has the end of its NIC’s hardware address', async (t) => {
  const links = { tap7: 'fe:00:00:00:00:0b', tap8: 'fe:00:00:00:00:0a' }
  t.same(matched({ nics: [a, b], taps: { 0: 'tap7', 1: 'tap8' }, links }), [
    'tap8 = 0a (0)',
    'tap7 = 0b (1)',
  ])
})

t.test('its record says which one it is, whatever else seems so', async (t) => {
  const links = { tap7: 'fe:00:00:00:00:0b', tap8: undefined }
  const records = [recordOf('tap7', 7, a)]
  t.same(matched({ nics: [a, b], taps: { 0: 'tap8', 1: 'tap7' }, links, records }), [
    'tap7 = 0a (0)',
    'tap8 = 0b (1)',
  ])
})

t.test('the record of an earlier tap of this name says nothing', async (t) => {
  const links = { tap7: undefined, tap8: undefined }
  const records = [recordOf('tap7', 3, b)]
  t.same(matched({ nics: [a, b], taps: { 0: 'tap7', 1: 'tap8' }, links, records }), [
    'tap7 = 0a (0)',
    'tap8 = 0b (1)',
  ])
})

t.test('a number that was used again hides a tap, which its record still knows', async (t) => {
  // 0, 1, 2; 1 was plugged out; the next one got number 2 again
  const d = nicOf('0d')
  const links = { tap7: undefined, tap9: undefined, tap10: undefined }
  const records = [recordOf('tap9', 8, c)]
  t.same(matched({ nics: [a, c, d], taps: { 0: 'tap7', 2: 'tap10' }, links, records }), [
    'tap7 = 0a (0)',
    'tap9 = 0c (1)',
    'tap10 = 0d (2)',
  ])
})

t.test('fewer taps than NICs, and nothing else to go by: nobody guesses', async (t) => {
  t.same(matched({ nics: [a, b], taps: { 2: 'tap7' }, links: { tap7: undefined } }), ['tap7 = ?'])
})

t.test('a tap that is gone is of no NIC', async (t) => {
  t.same(matched({ nics: [a], taps: { 0: 'tap7' }, links: {} }), [])
})

t.test('tags count where they are newer than the record, clocks as they may be', async (t) => {
  const given = (timeSeconds: number) => ({
    name: 'vm1',
    nics: [a],
    taps: [],
    tags: { tags: ['told'], timeSeconds },
  })
  const known = {
    records: new Map([[tapNamed('tap7'), recordOf('tap7', 7, a)]]),
    links: linksOf({ tap7: undefined }),
  }
  t.same(matchNics(given(850), known).nics[0]?.instanceTags, ['of-record'])
  t.same(matchNics(given(851), known).nics[0]?.instanceTags, ['told'])
})

t.test(
  'a guest that arrives has taps before it has a runtime file: none of them is unknown',
  async (t) => {
    t.same(matched({ nics: [], taps: { 0: 'tap7' }, links: { tap7: undefined } }), [])
  },
)
