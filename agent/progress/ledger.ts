import { type Job, type JobId, parseJobId } from '#ganeti/job.js'
import { isFinal, jobStatus } from '#ganeti/status.js'
import { countOf, createIdSet, gapsOf, type Ranges } from './id-set.js'
import type { LedgerSnapshot } from './ledger-snapshot.js'
import { type Fact, timeline } from './timeline.js'
import { isTold, keysOf, type Told, tick, toldBy, toldOf } from './told.js'

/** Numbers that luxid may have given to jobs whose files come later than that of a higher number. */
const maxUnwrittenCount = 1000

/** Finished jobs whose facts are remembered, in case their file changes once more (death detection, failover). */
const maxRecentCount = 4096

/** As many of them as are remembered over a restart: a busy cluster's of some minutes, and 80 KiB of a file that is written each second. */
const maxSavedRecentCount = 256

/**
 * What was told already, job by job: the watermark of the events role. A number is in one of these states:
 *
 *     unknown -> open -> done             on the master: told; or closed by the first start, never to be told
 *                open -> held -> done     on a candidate: final here, not known to be told; done when the master settled it
 *                        held -> released -> done    this node became the master and tells the final statuses itself
 */
export interface Ledger {
  /** What this version of a job proves and was not recorded yet, in order; nothing of a job that is done. */
  news(job: Job): readonly Fact[]
  /** Remembers facts as told; the job is done when its file is final. Call it only after they are safe on disk. */
  record(job: Job, facts: readonly Fact[]): void
  /** Remembers a version that is for another node to tell: a final job is held, another one is open. */
  hold(job: Job): void
  /** This node is the one who tells from now on: what was held is open, and of it only final statuses are news. */
  release(): void
  /** Another node told these jobs to their end, or will never tell them, and the broker has confirmed it. */
  settle(ranges: Ranges): void
  /** Whether changes of this job's file are of no interest. */
  isDone(id: JobId): boolean
  /** Whether the job was seen and is not final yet, or was released. */
  isOpen(id: JobId): boolean
  /** Jobs that were seen and are not final yet, and those that were released. */
  openIds(): readonly JobId[]
  /** How many jobs are held or released: what this node would tell, or has yet to tell, as the master. */
  heldCount(): number
  /** For the first start: these jobs are never told, unless they are open; of numbers up to `floor` nothing is known nor asked. */
  begin(start: { readonly closed: readonly JobId[]; readonly floor: number }): void
  /** Numbers up to `last` of which nothing is known, neither seen nor settled, and which were not looked for in the archive. */
  unsearched(last: number): Ranges
  /** Those were looked for, and these found; not written yet may be only the highest {@link maxUnwrittenCount}. */
  searched(last: number, found: readonly JobId[]): void
  /** Notes that of the unknown numbers up to `last`, but for these, there is no file; gives those that were not noted before. */
  miss(last: number, except: readonly JobId[]): Ranges
  /** What was noted so, and is neither seen nor settled since: nobody can tell here what became of these jobs. */
  missing(): Ranges
  /** Those of these jobs that were released, and are given up: their files, and so their facts, are gone. */
  giveUp(ids: readonly JobId[]): readonly JobId[]
  /** Jobs that were told to their end or are never to be told: what {@link settle} wants on other nodes. */
  settled(): Ranges
  /** Highest number that was ever seen; 0 in an empty ledger. */
  highest(): number
  snapshot(): LedgerSnapshot
}

/** A ledger that begins with what was saved. */
export function createLedger(saved: LedgerSnapshot = { done: [], open: {} }): Ledger {
  const done = createIdSet(saved.done)
  const held = createIdSet(saved.held)
  const released = createIdSet()
  const settledElsewhere = createIdSet(saved.settled)
  const missed = createIdSet(saved.missing)
  const lookedFor = createIdSet()
  const open = new Map<JobId, Told>()
  const recent = new Map<JobId, Told>()
  let floor = saved.floor ?? 0
  for (const [text, keys] of Object.entries(saved.open)) {
    const id = parseJobId(text)
    if (id !== undefined) open.set(id, toldOf(keys))
  }
  for (const [number, keys] of saved.recent ?? []) {
    const id = parseJobId(number)
    if (id !== undefined) recent.set(id, toldOf(keys))
  }

  function known(): readonly Ranges[] {
    const seen = [done, held, released, settledElsewhere].map((part) => part.ranges())
    return [[[1, floor]], ...seen, [...open.keys()].map((id) => [id, id] as const)]
  }

  function finish(id: JobId, told: Told | undefined): void {
    open.delete(id)
    held.remove(id)
    released.remove(id)
    done.add(id)
    if (told !== undefined) remember(id, told)
  }

  function remember(id: JobId, told: Told): void {
    recent.delete(id)
    recent.set(id, told)
    const [oldest] = recent.keys()
    if (recent.size > maxRecentCount && oldest !== undefined) recent.delete(oldest)
  }

  return {
    news(job) {
      const told = open.get(job.id) ?? recent.get(job.id)
      if (told === undefined && done.has(job.id)) return [] // noticed while it was recent, read when it was not any more
      const facts = timeline(job)
      if (released.has(job.id) && isFinalJob(job)) return finalFacts(facts)
      return told === undefined ? facts : facts.filter((fact) => !isTold(told, fact))
    },
    record(job, facts) {
      const told = open.get(job.id) ?? recent.get(job.id) ?? toldOf([])
      // of a released job the rest is not told later, after what came behind it
      for (const fact of released.has(job.id) ? timeline(job) : facts) tick(told, fact)
      if (isFinalJob(job)) return finish(job.id, told)
      done.remove(job.id)
      released.remove(job.id)
      open.set(job.id, told)
    },
    hold(job) {
      const facts = timeline(job)
      const before = done.has(job.id) ? recent.get(job.id) : undefined
      if (before !== undefined && facts.every((fact) => isTold(before, fact))) return // it only went to the archive
      done.remove(job.id)
      if (isFinalJob(job)) {
        open.delete(job.id)
        held.add(job.id)
        remember(job.id, toldBy(facts))
      } else if (!open.has(job.id)) open.set(job.id, toldOf([]))
    },
    release() {
      for (const [first, last] of held.ranges()) {
        released.addRange(first, last)
        held.removeRange(first, last)
      }
    },
    settle(ranges) {
      for (const [first, last] of ranges) settledElsewhere.addRange(first, last)
      // recent, so that a version that comes later is held again
      for (const id of idsOf(held.ranges()))
        if (settledElsewhere.has(id)) finish(id, recent.get(id))
      for (const id of [...open.keys()]) if (settledElsewhere.has(id)) finish(id, toldOf([]))
    },
    isDone: (id) => held.has(id) || (done.has(id) && !recent.has(id)),
    isOpen: (id) => open.has(id) || released.has(id),
    openIds: () => [...open.keys(), ...idsOf(released.ranges())],
    heldCount: () => countOf(held.ranges()) + countOf(released.ranges()),
    begin({ closed, floor: lowest }) {
      for (const id of closed) if (!open.has(id) && !held.has(id)) done.add(id)
      floor = lowest
    },
    unsearched: (last) => gapsOf(union([...known(), lookedFor.ranges()]), last),
    searched(last, found) {
      const unseen = createIdSet(gapsOf(union(known()), last - maxUnwrittenCount))
      for (const id of found) unseen.remove(id)
      for (const [first, end] of unseen.ranges()) lookedFor.addRange(first, end)
    },
    miss(last, except) {
      const unseen = createIdSet(gapsOf(union([...known(), missed.ranges()]), last))
      for (const id of except) unseen.remove(id)
      for (const [first, end] of unseen.ranges()) missed.addRange(first, end)
      return unseen.ranges()
    },
    missing() {
      const still = createIdSet(missed.ranges())
      for (const [first, end] of union(known())) still.removeRange(first, end)
      return still.ranges()
    },
    giveUp(ids) {
      const gone = ids.filter((id) => released.has(id))
      for (const id of gone) finish(id, undefined)
      return gone
    },
    settled: () => done.ranges(),
    highest() {
      let last = 0
      for (const part of [done, held, released])
        last = Math.max(last, part.ranges().at(-1)?.[1] ?? 0)
      for (const id of open.keys()) last = Math.max(last, id)
      return last
    },
    snapshot() {
      // what was released and is not told is held again after a restart
      const untold = union([held.ranges(), released.ranges()])
      const told = Object.fromEntries([...open].map(([id, facts]) => [String(id), keysOf(facts)]))
      const settled = settledElsewhere.ranges()
      const last = [...recent].slice(-maxSavedRecentCount)
      return {
        done: done.ranges(),
        open: told,
        held: untold,
        settled,
        missing: missed.ranges(),
        recent: last.map(([id, facts]) => [id, keysOf(facts)] as const),
        floor,
      }
    },
  }
}

function union(parts: readonly Ranges[]): Ranges {
  return createIdSet(parts.flat()).ranges()
}

function isFinalJob(job: Job): boolean {
  return isFinal(jobStatus(job.ops.map((op) => op.status)))
}

/** The final status of each op and the last of the job, in order. */
function finalFacts(facts: readonly Fact[]): readonly Fact[] {
  const last = facts.findLast(({ kind }) => kind === 'job')
  return facts.filter((fact) => (fact.kind === 'op' ? isFinal(fact.status) : fact === last))
}

/** Numbers of jobs that were seen, each of which was a job's once. */
function idsOf(ranges: Ranges): readonly JobId[] {
  return ranges
    .flatMap(([first, last]) =>
      Array.from({ length: last - first + 1 }, (_, index) => parseJobId(first + index)),
    )
    .filter((id) => id !== undefined)
}
