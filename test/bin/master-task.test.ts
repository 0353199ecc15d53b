import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { createMastership, type Mastership } from '#bin/cluster-task.js'
import { createEventCounters } from '#bin/event-counters.js'
import { masterTask } from '#bin/master-task.js'
import { decodeMessage } from '#event/codec.js'
import { openOutbox } from '#outbox/outbox.js'
import { createMetrics } from '#service/metrics.js'
import { until } from '../support/until.js'

function stand(mastership: Mastership, masterNode: string): void {
  mastership.set({
    clusterUuid: 'u',
    isMaster: masterNode === 'n2',
    view: {
      clusterName: 'c',
      ownNode: 'n2',
      masterNode,
      isMaster: masterNode === 'n2',
      isCandidate: true,
      masterCandidates: [],
      nodes: [],
    },
  })
}

/** Runs the task of node n2 through these masters; what it told. */
async function told(directory: string, masters: readonly string[], count: number) {
  await using outbox = await openOutbox({
    dir: path.join(directory, 'outbox'),
    segmentBytes: 1 << 20,
  })
  const mastership = createMastership()
  const stop = new AbortController()
  const counters = createEventCounters(createMetrics())
  const paths = { masterFile: path.join(directory, 'master.json') }
  const parts = { paths, counters, mastership, outbox, log: () => undefined }
  const running = masterTask(parts).run(stop.signal)
  for (const master of masters) {
    stand(mastership, master)
    await seen(paths.masterFile, master)
  }
  await until('messages', () => (outbox.stats().backlogCount >= count ? true : undefined))
  stop.abort()
  await running
  const entries = await outbox.take({ maxCount: 100, maxBytes: 1 << 20 })
  return entries.flatMap(({ body }) => {
    const message = decodeMessage(body)
    return message.ok ? [JSON.parse(message.value.body) as Record<string, unknown>] : []
  })
}

async function seen(file: string, master: string): Promise<void> {
  const { loadState } = await import('#service/state-file.js')
  await until(`${master} in ${file}`, async () => {
    const { value } = await loadState(file)
    const { master: kept, changedMs } = Object(value) as Record<string, unknown>
    return kept === master && changedMs === undefined ? true : undefined
  })
}

t.test(
  'the new master tells who was it before; a first start and other nodes tell nothing',
  async (t) => {
    const directory = t.testdir()
    t.strictSame(await told(directory, ['n2'], 0), [], 'nobody else was seen')
    t.match(await told(directory, ['n1', 'n2', 'n3'], 1), [
      { operation: 'MASTER_FAILOVER', master_node: 'n2', previous_master_node: 'n1', jobId: null },
    ])
  },
)

t.test('a crash before the message was kept tells the same time again', async (t) => {
  const directory = t.testdir()
  const kept = { cluster: 'c', master: 'n1', changedMs: 1795192528921 }
  writeFileSync(path.join(directory, 'master.json'), JSON.stringify(kept))
  t.match(await told(directory, ['n2'], 1), [{ event_time: [1795192528, 921000] }])
})
