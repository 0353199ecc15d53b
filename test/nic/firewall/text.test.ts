import t from 'tap'
import { readProfiles } from '#nic/firewall/profile-text.js'
import { parseServices } from '#nic/firewall/service-text.js'

const tcp22 = { protocol: 'tcp', ports: { first: 22, last: 22 }, sources: [] }

for (const { text, services } of [
  { text: '', services: [] },
  { text: 'none', services: [] },
  { text: 'tcp/22', services: [tcp22] },
  {
    text: 'tcp/22,udp/5000-5010 , 47',
    services: [
      tcp22,
      { protocol: 'udp', ports: { first: 5000, last: 5010 }, sources: [] },
      { protocol: 47, ports: undefined, sources: [] },
    ],
  },
  {
    text: 'tcp/443 from 192.0.2.0/24, tcp from 2001:db8::7',
    services: [
      {
        protocol: 'tcp',
        ports: { first: 443, last: 443 },
        sources: [{ address: '192.0.2.0', prefixLength: 24 }],
      },
      {
        protocol: 'tcp',
        ports: undefined,
        sources: [{ address: '2001:db8::7', prefixLength: 128 }],
      },
    ],
  },
]) {
  t.test(`services: "${text}"`, async (t) =>
    t.same(parseServices(text), { ok: true, value: services }),
  )
}

for (const text of [
  'ssh',
  'tcp/0',
  'tcp/65536',
  'tcp/9-8',
  'tcp/22 from everywhere',
  'tcp/22 from 192.0.2.0/33',
  'tcp/22,',
  '256',
  '0',
  '47/1',
  'tcp/22; drop',
  'TCP/22',
  Array.from({ length: 65 }, (_, i) => `tcp/${i + 1}`).join(','),
]) {
  t.test(`no services: "${text.slice(0, 30)}"`, async (t) => t.equal(parseServices(text).ok, false))
}

t.test('a section makes a profile, or takes the place of a built-in one', async (t) => {
  const sections = new Map([
    ['web', { inbound: 'tcp/80', icmp: 'all' }],
    ['limited', { inbound: 'tcp/2222' }],
    ['lan', { inbound: 'all' }],
  ])
  const profiles = readProfiles(sections, (problem) => t.fail(problem))
  const inboundOf = (name: string) => profiles.find((profile) => profile.name === name)?.inbound
  t.match(inboundOf('web'), { kind: 'listed', icmp: 'all', services: [{ ports: { first: 80 } }] })
  t.match(inboundOf('limited'), { icmp: 'essential', services: [{ ports: { first: 2222 } }] })
  t.same(inboundOf('lan'), { kind: 'all' })
  t.same(inboundOf('protected'), { kind: 'listed', icmp: 'essential', services: [] })
})

for (const { name, sections, problem } of [
  {
    name: 'a key',
    sections: { web: { ports: '80' } },
    problem: /^\[firewall web\] ports: there is no such key/,
  },
  {
    name: 'a value',
    sections: { web: { icmp: 'some' } },
    problem: /^\[firewall web\] icmp: wants essential or all/,
  },
  {
    name: 'services',
    sections: { web: { inbound: 'http' } },
    problem: /^\[firewall web\] inbound: wants services/,
  },
  { name: 'a name', sections: { 'a:b': {} }, problem: /^\[firewall a:b\]: a profile’s name/ },
]) {
  t.test(`a profile that cannot be read says why, and lets nothing in: ${name}`, async (t) => {
    const problems: string[] = []
    const read = readProfiles(new Map(Object.entries<Record<string, string>>(sections)), (fault) =>
      problems.push(fault),
    )
    t.match(problems, [problem])
    t.same(read.at(-1)?.inbound, { kind: 'listed', icmp: 'essential', services: [] })
  })
}
