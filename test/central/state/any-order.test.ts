import fc from 'fast-check'
import t from 'tap'
import { decodeReport } from '#central/state/decode-report.js'
import type { Report } from '#central/state/report.js'
import type { ServerState } from '#central/state/server-state.js'
import { apply, guestBody, opBody, progressBody, recordedMessages, reportOf } from './messages.js'
import { unborn } from './servers.js'

/** Reports of one instance each, in the order in which they were told. */
function recordedByInstance(): ReadonlyMap<string, readonly Report[]> {
  const instances = new Map<string, Report[]>()
  for (const { body } of recordedMessages()) {
    const told = decodeReport(body)
    if (!told.ok) throw new Error(told.problem)
    const { report } = told.value
    if (!('instance' in report)) continue
    instances.set(report.instance, [...(instances.get(report.instance) ?? []), report])
  }
  return instances
}

/** The order of these, some of them several times: what a broker may make of what was sent once. */
function delivered(reports: readonly Report[]): fc.Arbitrary<readonly Report[]> {
  const some = fc.subarray([...reports], { minLength: 0 })
  return some.chain((again) => {
    const all = [...reports, ...again]
    return fc.shuffledSubarray(all, { minLength: all.length })
  })
}

/** What is in the row: the list of NICs goes elsewhere, by the same stamp. */
function row(reports: readonly Report[]): ServerState {
  return reports.reduce(apply, unborn)
}

const recorded = recordedByInstance()

t.test('there are instances in the recordings, and they have many messages', async (t) => {
  t.ok(recorded.size > 10)
  t.ok([...recorded.values()].some((reports) => reports.length > 100))
})

for (const [instance, reports] of recorded) {
  t.test(`recorded messages about ${instance} give the same row in any order`, async () => {
    const wanted = row(reports)
    fc.assert(
      fc.property(delivered(reports), (some) => {
        same(row(some), wanted)
      }),
      { numRuns: 40 },
    )
  })
}

const operations = [
  'CREATE',
  'STARTUP',
  'SHUTDOWN',
  'REBOOT',
  'REMOVE',
  'SET_PARAMS',
  'MIGRATE',
  'REINSTALL',
] as const

const anyTime = fc.integer({ min: 0, max: 6 })

const anyOp = fc
  .record({
    operation: fc.constantFrom(...operations),
    status: fc.constantFrom('queued', 'waiting', 'running', 'canceled', 'success', 'error'),
    at: anyTime,
    job: fc.integer({ min: 1, max: 4 }),
    vcpus: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
    maxmem: fc.option(fc.constantFrom(512, 1024), { nil: undefined }),
    code: fc.constantFrom('already_exists', 'unknown_entity', 'wrong_input'),
    nics: fc.option(fc.subarray([{ name: 'snf-nic-1' }, { name: 'snf-nic-2' }]), {
      nil: undefined,
    }),
    serial: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
    node: fc.constantFrom('n1', 'n2'),
  })
  .map(({ operation, status, at, job, vcpus, maxmem, code, nics, serial, node }) =>
    opBody(operation, status, {
      at,
      job,
      job_fields: { beparams: { vcpus, maxmem } },
      result: status === 'success' ? [node] : ['OpPrereqError', ['no', code]],
      instance_nics: nics,
      instance_serial_no: serial,
    }),
  )

const anyGuest = fc
  .record({
    status: fc.constantFrom('started', 'exited'),
    at: anyTime,
    node: fc.constantFrom('n1', 'n2'),
    reason: fc.constantFrom('by-itself', 'stopped', 'node-reboot'),
  })
  .map(({ status, ...more }) => guestBody(status, more))

const anyProgress = fc
  .record({ progress: fc.integer({ min: -10, max: 150 }), at: anyTime })
  .map(({ progress, at }) => progressBody(progress, at))

/**
 * What no two facts of a real cluster share: of two bodies with the same time, job and status the first is kept. A node
 * tells one thing of a guest at a time.
 */
function facts(bodies: readonly object[]): readonly Report[] {
  const known = new Map<string, Report>()
  for (const report of bodies.map(reportOf)) {
    const key =
      'stamp' in report && report.kind !== 'progress'
        ? `${report.kind} ${report.stamp}`
        : `${known.size}`
    if (!known.has(key)) known.set(key, report)
  }
  return [...known.values()]
}

t.test('invented messages give the same row in any order', async () => {
  const anyBody = fc.oneof({ weight: 4, arbitrary: anyOp }, anyGuest, anyProgress)
  const anyStory = fc.array(anyBody, { maxLength: 14 }).map(facts)
  const anyStart = fc.constantFrom<ServerState['power']>('BUILD', 'STARTED', 'STOPPED', 'ERROR')
  fc.assert(
    fc.property(
      anyStory.chain((story) => fc.tuple(fc.constant(story), delivered(story))),
      anyStart,
      ([story, some], power) => {
        const start = { ...unborn, power }
        same(some.reduce(apply, start), story.reduce(apply, start))
      },
    ),
    { numRuns: 3000 },
  )
})

function same(found: ServerState, wanted: ServerState): void {
  const [one, other] = [JSON.stringify(found), JSON.stringify(wanted)]
  if (one !== other) throw new Error(`${one}\nis not\n${other}`)
}
