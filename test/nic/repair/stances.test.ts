import t from 'tap'
import {
  formatStances,
  nextEndSeconds,
  noStances,
  parseStances,
  type StanceScope,
  type Stances,
  type StanceWord,
  stanceOf,
  withWord,
} from '#nic/repair/stances.js'

const nic = {
  instance: 'vm1',
  network: {
    name: 'pub',
    uuid: 'uuid-of-pub',
    tags: [],
    subnet: undefined,
    gateway: undefined,
    subnet6: undefined,
    gateway6: undefined,
    macPrefix: undefined,
  },
}

/** What operators say, one after another, each at its time. */
function said(
  ...words: readonly (readonly [
    atSeconds: number,
    scope: StanceScope,
    stance: StanceWord['stance'],
    forSeconds?: number,
  ])[]
): Stances {
  return words.reduce(
    (before, [atSeconds, scope, stance, forSeconds]) =>
      withWord(before, scope, {
        nowSeconds: atSeconds,
        word: {
          stance,
          atSeconds,
          untilSeconds: forSeconds === undefined ? undefined : atSeconds + forSeconds,
          thereafter: undefined,
        },
      }),
    noStances,
  )
}

const node: StanceScope = { kind: 'node' }
const network: StanceScope = { kind: 'network', name: 'pub' }
const byUuid: StanceScope = { kind: 'network', name: 'uuid-of-pub' }
const instance: StanceScope = { kind: 'instance', name: 'vm1' }

const nowSeconds = 100

const cases: readonly {
  readonly name: string
  readonly stances: Stances
  readonly adoptedAtSeconds?: number
  readonly stance: StanceWord['stance'] | undefined
}[] = [
  { name: 'nobody said anything: what is configured', stances: noStances, stance: undefined },
  { name: 'the node', stances: said([1, node, 'observe']), stance: 'observe' },
  {
    name: 'the network goes before the node',
    stances: said([1, network, 'observe'], [2, node, 'disabled']),
    stance: 'observe',
  },
  {
    name: 'a network may be named by its UUID',
    stances: said([1, byUuid, 'observe']),
    stance: 'observe',
  },
  {
    name: 'the instance goes before its network, whatever was said last',
    stances: said([1, instance, 'enforce'], [2, network, 'observe']),
    stance: 'enforce',
  },
  {
    name: 'another instance is nobody’s business',
    stances: said([1, { kind: 'instance', name: 'vm2' }, 'disabled']),
    stance: undefined,
  },
  {
    name: 'a word for a while holds until its end',
    stances: said([50, instance, 'disabled', 51]),
    stance: 'disabled',
  },
  {
    name: 'and then no more',
    stances: said([50, instance, 'disabled', 50]),
    stance: undefined,
  },
  {
    name: 'what was said before without an end holds again thereafter',
    stances: said([1, instance, 'enforce'], [50, instance, 'disabled', 50]),
    stance: 'enforce',
  },
  {
    name: 'also when two words for a while were said in between',
    stances: said(
      [1, instance, 'observe'],
      [50, instance, 'disabled', 20],
      [60, instance, 'disabled', 30],
    ),
    stance: 'observe',
  },
  {
    name: 'an adopted NIC is observed',
    stances: noStances,
    adoptedAtSeconds: 10,
    stance: 'observe',
  },
  {
    name: 'an adopted NIC is observed although somebody said enforce before it was found',
    stances: said([9, node, 'enforce']),
    adoptedAtSeconds: 10,
    stance: 'observe',
  },
  {
    name: 'an adopted NIC is enforced once somebody says so',
    stances: said([11, node, 'enforce']),
    adoptedAtSeconds: 10,
    stance: 'enforce',
  },
  {
    name: 'an adopted NIC that was enforced stays so after it was disabled for a while',
    stances: said([11, instance, 'enforce'], [50, instance, 'disabled', 20]),
    adoptedAtSeconds: 10,
    stance: 'enforce',
  },
]

for (const { name, stances, adoptedAtSeconds, stance } of cases) {
  t.test(name, async (t) => {
    t.equal(stanceOf(nic, stances, { nowSeconds, adoptedAtSeconds }), stance)
    const again = parseStances(formatStances(stances))
    t.equal(stanceOf(nic, again, { nowSeconds, adoptedAtSeconds }), stance, 'over a restart too')
  })
}

t.test('what was said can be taken back', async (t) => {
  const before = said([1, instance, 'enforce'], [2, instance, 'disabled', 500])
  const after = withWord(before, instance, { word: undefined, nowSeconds: 10 })
  t.equal(stanceOf(nic, after, { nowSeconds: 10 }), undefined)
})

t.test('the next end is told, so that somebody is awake then', async (t) => {
  const stances = said([1, node, 'observe', 100], [2, instance, 'disabled', 20])
  t.equal(nextEndSeconds(stances, 10), 22)
  t.equal(nextEndSeconds(stances, 50), 101)
  t.equal(nextEndSeconds(stances, 200), undefined)
})

for (const text of ['', '{', '[]', '{"version":2}', '{"version":1,"node":{"stance":"drop"}}']) {
  t.test(`damaged, ${JSON.stringify(text)}: as if nobody had said anything`, async (t) => {
    t.equal(stanceOf(nic, parseStances(text), { nowSeconds: 1 }), undefined)
  })
}
