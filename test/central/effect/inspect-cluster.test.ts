import { readFileSync } from 'node:fs'
import t from 'tap'
import { inspectCluster } from '#central/effect/inspect-cluster.js'
import type { RapiRequest } from '#central/intent/rapi-request.js'
import { fixturePath } from '../../support/fixture.js'
import { readRecording } from '../rapi/recording.js'

const answers: Readonly<Record<string, string>> = {
  '/2/info': '002-info.http',
  '/2/nodes': '016-nodes-bulk.http',
}

t.test('a recorded cluster', async (t) => {
  const facts = await inspectCluster({
    call: async ({ path }: RapiRequest) => {
      const file = answers[path]
      if (file === undefined) return [{ name: 'default', uri: '/2/groups/default' }]
      return JSON.parse(readRecording(readFileSync(fixturePath('rapi', file), 'utf8')).answer)
    },
  })
  t.same(facts, {
    cluster_name: 'cluster.lab.example',
    ganeti_version: '3.0.2',
    hypervisor: 'fake',
    disk_templates: '["diskless","file"]',
    node_groups: '["default"]',
    node_count: 2,
    cpu_total: 4,
    memory_total_mib: 48_210,
    memory_free_mib: 44_913,
    disk_total_mib: 516_038,
    disk_free_mib: 153_592,
    instance_count: 5,
  })
})
