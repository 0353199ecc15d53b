import t from 'tap'
import type { NetFact } from '#event/net-fact.js'
import { type Job, parseJobId } from '#ganeti/job.js'
import type { OpStatus } from '#ganeti/status.js'
import { hookedOps, opOfHook } from '#progress/hooked-op.js'
import { againMs, createNetMatcher, matchPatienceMs } from '#progress/net-matcher.js'

const execSeconds = 1_795_190_444

function job(
  number: number,
  {
    name = 'vm1.example.com',
    opcode = 'OP_INSTANCE_SET_PARAMS',
    status = 'success',
    from = execSeconds,
    ...input
  }: {
    readonly name?: string
    readonly opcode?: string
    readonly status?: OpStatus
    readonly from?: number
    readonly dry_run?: boolean
    readonly new_name?: string
  } = {},
): Job {
  const id = parseJobId(number)
  if (id === undefined) throw new Error('no job number')
  const time = { seconds: from, microseconds: 0 }
  const endTime = status === 'success' ? { seconds: from + 10, microseconds: 5 } : undefined
  return {
    ...{ id, receivedTime: time, startTime: time, endTime },
    ops: [
      {
        ...{ opcode, status, input: { OP_ID: opcode, instance_name: name, ...input } },
        ...{ result: null, lastLog: undefined, log: [], startTime: time, execTime: time, endTime },
      },
    ],
  }
}

function fact(seconds: number, values: Partial<NetFact> = {}): NetFact {
  return {
    ...{ kind: 'net', id: `boot.${seconds}`, timeMs: (execSeconds + seconds) * 1000 },
    ...{ opcode: 'OP_INSTANCE_SET_PARAMS', nameBefore: 'vm1.example.com' },
    ...{ instance: 'vm1.example.com', tags: [], nics: [], ...values },
  }
}

const hook = fact(5)
for (const { what, jobs, found } of [
  { what: 'one that runs', jobs: [job(1, { status: 'running' })], found: 1 },
  { what: 'one that has succeeded', jobs: [job(1)], found: 1 },
  { what: 'one that named it short', jobs: [job(1, { name: 'vm1' })], found: 1 },
  { what: 'the one of its time', jobs: [job(1, { from: execSeconds - 20 }), job(2)], found: 2 },
  { what: 'none of later', jobs: [job(1, { from: execSeconds + 6 })], found: undefined },
  {
    what: 'none of another instance',
    jobs: [job(1, { name: 'vm11.example.com' })],
    found: undefined,
  },
  {
    what: 'none of another kind',
    jobs: [job(1, { opcode: 'OP_INSTANCE_REBOOT' })],
    found: undefined,
  },
  { what: 'no dry run', jobs: [job(1, { dry_run: true })], found: undefined },
  { what: 'none that failed', jobs: [job(1, { status: 'error' })], found: undefined },
  { what: 'none where two fit', jobs: [job(1), job(2)], found: undefined },
]) {
  t.test(`the op that ran a hook: ${what}`, async (t) => {
    t.equal(opOfHook(jobs.flatMap(hookedOps), hook)?.jobId, found)
  })
}

t.test('a hook waits until its op has succeeded, whichever is heard of first', async (t) => {
  const matcher = createNetMatcher()
  matcher.hold({ name: 'a', fact: hook }, 0)
  t.same(matcher.due(1), [])
  matcher.learn(hookedOps(job(1, { status: 'running' })), 2)
  t.same(matcher.due(3), [], 'it may fail yet')
  matcher.learn(hookedOps(job(1)), 4)
  const due = matcher.due(5)
  t.match(due, [
    { name: 'a', op: { jobId: 1, opIndex: 0, key: `0.success.${execSeconds + 10}.5` } },
  ])
  matcher.done(due)
  t.same(matcher.due(6), [])
  t.same(matcher.unheard(matchPatienceMs * 2), [], 'and is not expected any more')
})

t.test('of an instance nothing overtakes what waits, others go on', async (t) => {
  const matcher = createNetMatcher()
  matcher.hold({ name: 'a', fact: fact(1, { opcode: 'OP_INSTANCE_REBOOT' }) }, 0)
  matcher.hold({ name: 'b', fact: hook }, 0)
  const other = { nameBefore: 'vm2', instance: 'vm2' }
  matcher.hold({ name: 'c', fact: fact(5, other) }, 0)
  matcher.learn([...hookedOps(job(1)), ...hookedOps(job(2, { name: 'vm2' }))], 1)
  t.match(matcher.due(2), [{ name: 'c' }])
  const late = matcher.due(matchPatienceMs)
  t.match(late, [{ name: 'a', op: undefined }, { name: 'b', op: { jobId: 1 } }, { name: 'c' }])
})

t.test('after a rename nothing of the new name overtakes it either', async (t) => {
  const matcher = createNetMatcher()
  const rename = { opcode: 'OP_INSTANCE_RENAME', nameBefore: 'old', instance: 'new' }
  matcher.hold({ name: 'a', fact: fact(1, rename) }, 0)
  matcher.hold({ name: 'b', fact: fact(5, { nameBefore: 'new', instance: 'new' }) }, 0)
  matcher.learn(hookedOps(job(2, { name: 'new' })), 1)
  t.same(matcher.due(2), [])
})

t.test('an op of which no hook tells is given out once, under its new name', async (t) => {
  const matcher = createNetMatcher()
  const rename = job(3, { opcode: 'OP_INSTANCE_RENAME', name: 'old', new_name: 'new' })
  matcher.learn(hookedOps(rename), 0)
  matcher.learn(hookedOps(job(4, { opcode: 'OP_INSTANCE_SHUTDOWN' })), 0)
  t.same(matcher.unheard(matchPatienceMs - 1), [])
  t.match(matcher.unheard(matchPatienceMs), [{ jobId: 3, instance: 'new', opIndex: 0 }])
  matcher.learn(hookedOps(rename), matchPatienceMs + 1)
  t.same(matcher.unheard(matchPatienceMs * 3), [], 'a later version of its job is no news')
})

t.test('an op that could not be told of comes again, unless its hook tells', async (t) => {
  const matcher = createNetMatcher()
  matcher.learn([...hookedOps(job(1)), ...hookedOps(job(2, { name: 'vm2' }))], 0)
  const unheard = matcher.unheard(matchPatienceMs)
  matcher.expect(unheard, matchPatienceMs)
  t.same(matcher.unheard(matchPatienceMs + 1), [])
  matcher.hold({ name: 'a', fact: hook }, matchPatienceMs + 2)
  matcher.done(matcher.due(matchPatienceMs + 3))
  t.match(matcher.unheard(matchPatienceMs + againMs), [{ jobId: 2 }])
  t.equal(unheard.length, 2)
})

t.test('what is not told is forgotten by its age', async (t) => {
  const matcher = createNetMatcher()
  matcher.hold({ name: 'a', fact: hook }, 0)
  matcher.hold({ name: 'b', fact: hook }, 10)
  const old = matcher.heldSince(5)
  t.match(old, [{ name: 'a' }])
  matcher.done(old.map((held) => ({ ...held, op: undefined })))
  t.same([matcher.holds('a'), matcher.holds('b')], [false, true])
  t.equal(matcher.oldestUnknownMs(), hook.timeMs)
})
