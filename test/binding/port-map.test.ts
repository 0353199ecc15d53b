import fc from 'fast-check'
import t from 'tap'
import { createPortMap } from '#binding/port-map.js'

interface Value {
  readonly mac: number
  readonly serial: number
}

t.test('finds what a list of all values has, whatever came and went', async (t) => {
  const step = fc.record({
    kind: fc.constantFrom('set', 'set', 'delete'),
    port: fc.constantFrom('tap0', 'tap1'),
    mac: fc.nat(3),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const map = createPortMap<string, Value>(({ mac }) => mac)
      let list: readonly (Value & { readonly port: string })[] = []
      for (const [serial, { kind, port, mac }] of steps.entries()) {
        list = list.filter((it) => it.port !== port || it.mac !== mac)
        if (kind === 'set') {
          list = [...list, { port, mac, serial }]
          map.set(port, { mac, serial })
        } else map.delete(port, mac)
        for (const place of ['tap0', 'tap1']) {
          const there = list.filter((it) => it.port === place)
          t.strictSame(serials(map.at(place)), serials(there))
          for (let address = 0; address <= 3; address++)
            if (map.get(place, address)?.serial !== there.find((it) => it.mac === address)?.serial)
              t.fail(`${place} ${address}`)
        }
        t.strictSame(serials(map.values()), serials(list))
      }
    }),
  )
})

function serials(values: Iterable<Value>): readonly number[] {
  return Array.from(values, ({ serial }) => serial).sort((a, b) => a - b)
}
