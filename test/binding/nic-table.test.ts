import fc from 'fast-check'
import t from 'tap'
import { type Mac, macNumber, macOfNumber } from '#addr/mac.js'
import {
  createNicTable,
  type LinkFacts,
  type LiveNic,
  type NicChange,
  type NicClaim,
} from '#binding/nic-table.js'
import type { NicService } from '#binding/service.js'
import { service } from './helpers.js'

const mac = (number: number): Mac => macOfNumber(0xaa0000000000 + number)

function claim(
  file: string,
  { tap = 'tap0', nic = 1, bridge = 'br0', source = 'okeanid' as NicClaim['source'] } = {},
): NicClaim {
  const { problems: _, ...told } = service({ tap, mac: mac(nic), link: bridge })
  return { file, source, service: told }
}

const link = (ifindex: number, name: string, more: Partial<LinkFacts> = {}): LinkFacts => ({
  ifindex,
  name,
  mac: mac(ifindex),
  mtu: 1500,
  ...more,
})

/** Changes in short: `+tap0@3 src 9 1500`, `-tap0@3`, `dup b of a`. */
function brief(changes: readonly NicChange[]): readonly string[] {
  return changes.map((change) => {
    if (change.kind === 'duplicate') return `dup ${change.file} of ${change.winner}`
    const { service, ifindex, sourceMac, mtu, file } = change.nic
    if (change.kind === 'gone') return `-${service.tap}@${ifindex} ${file}`
    const source = sourceMac - macNumber(mac(0))
    return `+${service.tap}@${ifindex} ${file} src ${source} mtu ${mtu}`
  })
}

t.test('in whatever order file, tap and bridge come', async (t) => {
  const steps: Record<string, (table: ReturnType<typeof createNicTable>) => readonly NicChange[]> =
    {
      file: (table) => table.put(claim('a')),
      tap: (table) => table.linkUp(link(3, 'tap0', { mtu: 1400 })),
      bridge: (table) => table.linkUp(link(9, 'br0')),
    }
  for (const order of [
    ['file', 'tap', 'bridge'],
    ['tap', 'file', 'bridge'],
    ['bridge', 'tap', 'file'],
    ['bridge', 'file', 'tap'],
    ['file', 'bridge', 'tap'],
    ['tap', 'bridge', 'file'],
  ]) {
    const table = createNicTable()
    const told = order.map((name) => brief(steps[name]?.(table) ?? []))
    t.strictSame(told, [[], [], ['+tap0@3 a src 9 mtu 1400']], order.join(' '))
  }
})

function ready(): ReturnType<typeof createNicTable> {
  const table = createNicTable()
  table.put(claim('a'))
  table.linkUp(link(9, 'br0'))
  table.linkUp(link(3, 'tap0'))
  return table
}

t.test('what becomes of a tap', async (t) => {
  const table = ready()
  t.strictSame(brief(table.linkUp(link(3, 'tap0'))), [], 'the same again')
  t.strictSame(brief(table.linkUp(link(3, 'tap0', { mtu: 9000 }))), ['+tap0@3 a src 9 mtu 9000'])
  t.strictSame(brief(table.linkUp(link(3, 'other'))), ['-tap0@3 a'], 'renamed')
  t.strictSame(brief(table.linkUp(link(3, 'tap0'))), ['+tap0@3 a src 9 mtu 1500'], 'and back')
  t.strictSame(brief(table.linkGone(3)), ['-tap0@3 a'])
  t.strictSame(brief(table.linkGone(3)), [], 'twice')
  t.strictSame(brief(table.linkUp(link(4, 'tap0'))), ['+tap0@4 a src 9 mtu 1500'], 'created anew')
  t.strictSame(
    brief(table.linkUp(link(5, 'tap0'))),
    ['-tap0@4 a', '+tap0@5 a src 9 mtu 1500'],
    'created anew before anybody said that the old one is gone',
  )
  t.strictSame(
    brief(table.linkUp(link(5, 'tap7'))),
    ['-tap0@5 a'],
    'its index used by another name',
  )
})

t.test('an index that another NIC of the same hardware address takes over', async (t) => {
  const table = ready()
  table.put(claim('b', { tap: 'tap1' }))
  t.strictSame(brief(table.linkUp(link(3, 'tap1'))), ['-tap0@3 a', '+tap1@3 b src 9 mtu 1500'])
})

t.test('what becomes of the bridge', async (t) => {
  const table = ready()
  table.put(claim('b', { tap: 'tap1', nic: 2 }))
  t.strictSame(brief(table.linkUp(link(9, 'br0', { mtu: 9000 }))), [], 'its MTU is nobody’s')
  t.strictSame(brief(table.linkUp(link(9, 'br0', { mac: mac(77) }))), ['+tap0@3 a src 77 mtu 1500'])
  t.strictSame(brief(table.linkUp(link(9, 'br0', { mac: undefined }))), ['-tap0@3 a'])
  t.strictSame(brief(table.linkUp(link(9, 'br0'))), ['+tap0@3 a src 9 mtu 1500'])
  t.strictSame(brief(table.linkGone(9)), ['-tap0@3 a'])
})

t.test('what becomes of a file', async (t) => {
  const table = ready()
  t.strictSame(brief(table.put(claim('a'))), ['+tap0@3 a src 9 mtu 1500'], 'written anew')
  t.strictSame(brief(table.put(claim('a', { nic: 2 }))), ['-tap0@3 a', '+tap0@3 a src 9 mtu 1500'])
  t.strictSame(brief(table.put(claim('a', { tap: 'tap1' }))), ['-tap0@3 a'])
  t.strictSame(brief(table.remove('a')), [])
  t.equal(table.claimCount(), 0)
  t.strictSame([...table.live()], [])
})

t.test('several NICs on one interface', async (t) => {
  const table = ready()
  t.strictSame(brief(table.put(claim('b', { nic: 2 }))), ['+tap0@3 b src 9 mtu 1500'])
  t.strictSame(brief(table.linkGone(3)), ['-tap0@3 a', '-tap0@3 b'])
})

t.test('two files for one NIC: our own first, then the newest', async (t) => {
  const table = ready()
  t.strictSame(brief(table.put(claim('n', { source: 'nfdhcpd' }))), ['dup n of a'])
  t.strictSame(brief(table.put(claim('b'))), [
    '+tap0@3 b src 9 mtu 1500',
    'dup a of b',
    'dup n of b',
  ])
  t.strictSame(brief(table.remove('b')), ['+tap0@3 a src 9 mtu 1500'])
  t.strictSame(brief(table.remove('a')), ['+tap0@3 n src 9 mtu 1500'])
  t.strictSame(brief(table.remove('n')), ['-tap0@3 n'])
})

/** What the table should say, worked out anew from everything that is there. */
interface Model {
  readonly claims: Map<string, NicClaim & { readonly serial: number }>
  readonly links: Map<number, LinkFacts>
}

function expected({ claims, links }: Model): ReadonlyMap<string, string> {
  const named = new Map([...links.values()].map((one) => [one.name, one]))
  const winners = new Map<string, NicClaim & { readonly serial: number }>()
  for (const one of claims.values()) {
    const key = `${one.service.tap} ${one.service.mac}`
    const best = winners.get(key)
    const rank = (c: NicClaim & { readonly serial: number }) =>
      (c.source === 'okeanid' ? 1e9 : 0) + c.serial
    if (best === undefined || rank(one) > rank(best)) winners.set(key, one)
  }
  const live = new Map<string, string>()
  for (const { file, service } of winners.values()) {
    const tap = named.get(service.tap)
    const source = named.get(service.sourceDevice)
    if (tap && source?.mac) {
      live.set(
        `${tap.ifindex} ${service.mac}`,
        described(file, service, macNumber(source.mac), tap.mtu),
      )
    }
  }
  return live
}

function described(file: string, service: NicService, source: number, mtu: number): string {
  return `${file} ${service.tap} ${source} ${mtu}`
}

/** What a follower of the changes believes. */
function follow(believed: Map<string, string>, changes: readonly NicChange[]): void {
  for (const change of changes) {
    if (change.kind === 'duplicate') continue
    const { nic } = change
    const key = `${nic.ifindex} ${nic.service.mac}`
    if (change.kind === 'gone') believed.delete(key)
    else believed.set(key, text(nic))
  }
}

const text = ({ file, service, sourceMac, mtu }: LiveNic) =>
  described(file, service, sourceMac, mtu)

t.test('changes alone tell what a table worked out anew would say', async (t) => {
  const names = fc.constantFrom('tap0', 'tap1', 'br0', 'br1')
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('put' as const),
      file: fc.constantFrom('a', 'b', 'c', 'd'),
      tap: names,
      nic: fc.nat(1),
      bridge: names,
      source: fc.constantFrom('okeanid' as const, 'nfdhcpd' as const),
    }),
    fc.record({ kind: fc.constant('remove' as const), file: fc.constantFrom('a', 'b', 'c', 'd') }),
    fc.record({
      kind: fc.constant('up' as const),
      ifindex: fc.integer({ min: 1, max: 4 }),
      name: names,
      mac: fc.option(fc.nat(1), { nil: undefined }),
      mtu: fc.constantFrom(1400, 1500),
    }),
    fc.record({ kind: fc.constant('down' as const), ifindex: fc.integer({ min: 1, max: 4 }) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const table = createNicTable()
      const model: Model = { claims: new Map(), links: new Map() }
      const believed = new Map<string, string>()
      for (const [serial, one] of steps.entries()) {
        if (one.kind === 'put') {
          const given = claim(one.file, one)
          model.claims.set(one.file, { ...given, serial })
          follow(believed, table.put(given))
        } else if (one.kind === 'remove') {
          model.claims.delete(one.file)
          follow(believed, table.remove(one.file))
        } else if (one.kind === 'up') {
          const facts = link(one.ifindex, one.name, {
            mac: one.mac === undefined ? undefined : mac(one.mac),
            mtu: one.mtu,
          })
          for (const [index, other] of model.links) {
            if (other.name === one.name) model.links.delete(index)
          }
          model.links.set(one.ifindex, facts)
          follow(believed, table.linkUp(facts))
        } else {
          model.links.delete(one.ifindex)
          follow(believed, table.linkGone(one.ifindex))
        }
        t.strictSame(sorted(believed), sorted(expected(model)))
        const live = [...table.live()].map(
          (nic) => [`${nic.ifindex} ${nic.service.mac}`, text(nic)] as const,
        )
        t.strictSame(sorted(new Map(live)), sorted(believed))
        t.equal(table.claimCount(), model.claims.size)
      }
    }),
    { numRuns: 200 },
  )
})

const sorted = (map: ReadonlyMap<string, string>) => [...map].sort()

t.test('a NIC more costs the same among ten as among ten thousand', async (t) => {
  const told = service()
  const nic = (number: number): NicClaim => ({
    file: `f${number}`,
    source: 'okeanid',
    service: { ...told, mac: mac(number) },
  })
  const table = ready()
  for (let number = 10; number < 10_000; number++) table.put(nic(number))
  const startedMs = performance.now()
  for (let number = 10_000; number < 11_000; number++) table.put(nic(number))
  t.ok(performance.now() - startedMs < 500, 'half a millisecond each, on a busy machine')
})
