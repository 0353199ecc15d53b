import { readFileSync } from 'node:fs'
import t from 'tap'
import { createClusterUuidFinder } from '#ganeti/config-data.js'
import { findOwnNode, parseSsconf } from '#ganeti/ssconf.js'
import { fixturePath } from '../support/fixture.js'

const recorded = (key: string) => readFileSync(fixturePath('ssconf', `ssconf_${key}`), 'utf8')

const texts = {
  cluster_name: recorded('cluster_name'),
  master_node: recorded('master_node'),
  master_candidates: recorded('master_candidates'),
  node_primary_ips: recorded('node_primary_ips'),
}

t.test('reads the files of a real cluster', async (t) => {
  t.strictSame(parseSsconf(texts), {
    clusterName: 'cluster.lab.example',
    masterNode: 'n1.lab.example',
    masterCandidates: ['n1.lab.example', 'n2.lab.example'],
    nodes: [
      { name: 'n1.lab.example', address: '198.51.100.1' },
      { name: 'n2.lab.example', address: '198.51.100.2' },
    ],
  })
})

t.test('a broken configuration has no master', async (t) => {
  t.equal(parseSsconf({ ...texts, master_node: 'NO MASTER\n' })?.masterNode, undefined)
})

t.test('without a cluster name there is no cluster', async (t) => {
  t.equal(parseSsconf({ ...texts, cluster_name: '' }), undefined)
})

const owners: readonly { host: readonly string[]; node: string | undefined; what: string }[] = [
  { what: 'an address of a node', host: ['127.0.0.1', '198.51.100.2'], node: 'n2.lab.example' },
  {
    what: 'the master’s address and its own',
    host: ['198.51.100.100', '198.51.100.1'],
    node: 'n1.lab.example',
  },
  { what: 'no node’s address', host: ['127.0.0.1', '203.0.113.9'], node: undefined },
  { what: 'no address at all', host: [], node: undefined },
]

for (const c of owners) {
  t.test(`a host with ${c.what} is ${c.node ?? 'no node'}`, async (t) => {
    t.equal(findOwnNode(parseSsconf(texts)?.nodes ?? [], c.host), c.node)
  })
}

t.test('IPv6 addresses are the same in any spelling', async (t) => {
  const ssconf = parseSsconf({ ...texts, node_primary_ips: 'n1.x 2001:DB8:0:0::1\n' })
  t.equal(findOwnNode(ssconf?.nodes ?? [], ['2001:db8::1']), 'n1.x')
})

t.test('finds the cluster’s UUID in config.data, byte by byte', async (t) => {
  const finder = createClusterUuidFinder()
  const bytes = readFileSync(fixturePath('config.data'))
  let readBytes = 0
  while (readBytes < bytes.length && !finder.write(bytes.subarray(readBytes, readBytes + 1)))
    readBytes++
  const { cluster } = JSON.parse(bytes.toString()) as {
    readonly cluster: { readonly uuid: string }
  }
  t.equal(finder.uuid(), cluster.uuid)
  t.ok(readBytes < bytes.length, 'and stops there')
})
