import t from 'tap'
import { tagProblems } from '#nic/tag-problems.js'
import { bridgedVariables, nicConfig, nicOf } from '../support/nic-setup.js'

const problems = (changes: Readonly<Record<string, string>>) =>
  tagProblems(nicOf({ ...bridgedVariables, ...changes }), nicConfig().profiles)

t.test('good tags, and tags of others, are no problem', async (t) => {
  const NETWORK_TAGS =
    'nfdhcpd public okeanid:dhcp okeanid:dns:192.0.2.53 okeanid:ipv6:strict okeanid:own-prefix:2001:db8::/48:64 mac-filtered okeanid:allow:192.0.2.7'
  const TAGS =
    'a:b synnefo:network:0:protected okeanid:allow:0:00:00:5e:00:01:07 okeanid:stance:observe'
  t.strictSame(problems({ NETWORK_TAGS, TAGS }), [])
})

t.test('each bad one is told by its name, in ASCII', async (t) => {
  const cases = [
    { NETWORK_TAGS: 'okeanid:ipv6:maybe' },
    { NETWORK_TAGS: 'okeanid:lease:long' },
    { NETWORK_TAGS: 'okeanid:nonsense' },
    { NETWORK_TAGS: 'okeanid:allow:anybody' },
    { TAGS: 'okeanid:stance:off' },
    { TAGS: 'okeanid:allow:0:192.0.2.300' },
    { TAGS: 'okeanid:firewall:0:unheard-of' },
  ]
  for (const tags of cases) {
    const [tag = ''] = Object.values(tags)
    const found = problems(tags)
    t.equal(found.length, 1, tag)
    t.match(found[0], `tag ${tag}: `)
    t.match(found[0], /^[\x20-\x7e]+$/)
  }
})
