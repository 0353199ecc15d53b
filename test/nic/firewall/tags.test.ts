import t from 'tap'
import { allowsOf } from '#nic/firewall/allows.js'
import { builtinProfiles, type Profiles } from '#nic/firewall/profiles.js'
import { firewallOf, firewallTagProblems } from '#nic/firewall/tags.js'
import { nicWith } from './nic.js'

const uuid = '7a6b1c3e-0000-4000-8000-000000000001'
const profiles: Profiles = {
  standard: 'limited',
  named: [
    ...builtinProfiles.named,
    {
      name: 'web',
      inbound: {
        kind: 'listed',
        icmp: 'essential',
        services: [{ protocol: 'tcp', ports: { first: 80, last: 80 }, sources: [] }],
      },
    },
  ],
}

for (const { name, tags, profile } of [
  { name: 'no tag at all', tags: [], profile: 'limited' },
  { name: 'Synnefo, by index', tags: ['synnefo:network:0:protected'], profile: 'protected' },
  { name: 'Synnefo, by name', tags: ['synnefo:network:front:unprotected'], profile: 'unprotected' },
  { name: 'Synnefo, by UUID', tags: [`synnefo:network:${uuid}:protected`], profile: 'protected' },
  { name: 'another NIC', tags: ['synnefo:network:1:protected'], profile: 'limited' },
  { name: 'ours', tags: ['okeanid:firewall:0:web'], profile: 'web' },
  { name: 'ours, all NICs', tags: ['okeanid:firewall:*:web'], profile: 'web' },
  {
    name: 'ours before Synnefo’s, even if it opens',
    tags: ['synnefo:network:0:protected', 'okeanid:firewall:*:unprotected'],
    profile: 'unprotected',
  },
  {
    name: 'the NIC’s own before that of all',
    tags: ['okeanid:firewall:0:unprotected', 'okeanid:firewall:*:protected'],
    profile: 'unprotected',
  },
  {
    name: 'of several the strictest',
    tags: [
      'okeanid:firewall:0:unprotected',
      'okeanid:firewall:front:web',
      'okeanid:firewall:0:limited',
    ],
    profile: 'web',
  },
  { name: 'a word of Synnefo’s API', tags: ['synnefo:network:0:DISABLED'], profile: 'protected' },
  { name: 'a slip', tags: ['okeanid:firewall:0:unprotecetd'], profile: 'protected' },
  {
    name: 'a name of every object',
    tags: ['okeanid:firewall:0:constructor'],
    profile: 'protected',
  },
  { name: 'too few parts', tags: ['synnefo:network:protected'], profile: 'limited' },
  { name: 'too many parts', tags: ['synnefo:network:0:protected:x'], profile: 'limited' },
  { name: 'another program’s', tags: ['synnefo:network', 'protected', 'x'], profile: 'limited' },
]) {
  t.test(`the firewall by tags: ${name}`, async (t) => {
    t.equal(firewallOf(nicWith(tags), profiles).profile, profile)
    t.equal(firewallOf(nicWith(tags.toReversed()), profiles).profile, profile, 'in any order')
  })
}

t.test('a NIC whose tags nobody knows gets the standard profile, and it is said', async (t) => {
  const { profile, isKnown } = firewallOf(nicWith(undefined), profiles)
  t.same({ profile, isKnown }, { profile: 'limited', isKnown: false })
  t.equal(firewallOf(nicWith([]), profiles).isKnown, true)
})

t.test('a standard profile that is not there is closed, not open', async (t) => {
  t.equal(firewallOf(nicWith([]), { ...profiles, standard: 'gone' }).profile, 'protected')
})

t.test('tags that name nothing, or contradict each other, are told', async (t) => {
  t.match(firewallTagProblems(nicWith(['okeanid:firewall:0:wbe']), profiles), [
    /okeanid:firewall:0:wbe: there is no firewall profile wbe, so protected holds/,
  ])
  t.match(
    firewallTagProblems(nicWith(['synnefo:network:0:web', 'synnefo:network:0:limited']), profiles),
    [/contradict each other, so web holds/],
  )
  t.same(firewallTagProblems(nicWith(['synnefo:network:0:web']), profiles), [])
})

t.test('tags allow networks, addresses and hardware addresses beside the NIC’s own', async (t) => {
  const tags = [
    'okeanid:allow:0:192.0.2.7',
    'okeanid:allow:front:198.51.100.0/28',
    'okeanid:allow:*:2001:db8::/64',
    'okeanid:allow:0:2001:db8::7',
    'okeanid:allow:0:00:00:5e:00:01:2a',
    'okeanid:allow:1:203.0.113.9',
  ]
  t.same(allowsOf(nicWith(tags)), {
    macs: ['00:00:5e:00:01:2a'],
    cidrs4: [
      { address: '192.0.2.7', prefixLength: 32 },
      { address: '198.51.100.0', prefixLength: 28 },
    ],
    cidrs6: [
      { address: '2001:db8::', prefixLength: 64 },
      { address: '2001:db8::7', prefixLength: 128 },
    ],
    problems: [],
  })
})

t.test('tags of the network allow to each of its NICs', async (t) => {
  const network = {
    name: 'pub',
    uuid: undefined,
    tags: ['okeanid:allow:192.0.2.0/24', 'okeanid:dhcp'],
    subnet: undefined,
    gateway: undefined,
    subnet6: undefined,
    gateway6: undefined,
    macPrefix: undefined,
  }
  t.same(allowsOf(nicWith([], { network })).cidrs4, [{ address: '192.0.2.0', prefixLength: 24 }])
})

for (const value of ['x', '192.0.2.0/33', '01:00:5e:00:00:01', 'ff:ff:ff:ff:ff:ff', '0.0.0.0/']) {
  t.test(`nothing is allowed by okeanid:allow:0:${value}, and it is told`, async (t) => {
    const { macs, cidrs4, cidrs6, problems } = allowsOf(nicWith([`okeanid:allow:0:${value}`]))
    t.same([...macs, ...cidrs4, ...cidrs6], [])
    t.equal(problems.length, 1)
  })
}
