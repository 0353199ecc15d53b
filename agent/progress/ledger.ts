import { jobFactKey, opFactKey } from '#event/message-id.js'
import { type Job, type JobId, parseJobId } from '#ganeti/job.js'
import { isFinal, jobStatus } from '#ganeti/status.js'
import { createIdSet } from './id-set.js'
import { type Fact, type JobFact, type OpFact, timeline } from './timeline.js'

/** Finished jobs whose facts are remembered, in case their file changes once more (death detection, failover). */
const maxRecentCount = 4096

/** Numbers that luxid may have given to jobs whose files come later than that of a higher number. */
const maxUnwrittenCount = 1000

/** What was told already, job by job: the watermark of the events role. */
export interface Ledger {
  /** What this version of a job proves and was not recorded yet, in order; nothing of a job that is done. */
  news(job: Job): readonly Fact[]
  /** Remembers facts as told; the job is done when its file is final. Call it only after they are safe on disk. */
  record(job: Job, facts: readonly Fact[]): void
  /** Whether everything about this job was told, or is never to be told. */
  isDone(id: JobId): boolean
  /** Whether the job was seen and is not final yet. */
  isOpen(id: JobId): boolean
  /** Jobs that were seen and are not final yet. */
  openIds(): readonly JobId[]
  /**
   * For the first start: closes the jobs that are there, and all with lower numbers, except these and those that are open.
   * Numbers just below the highest that are missing stay as they are: they may have been given and not be written yet.
   */
  closeOlder(jobs: {
    readonly listed: readonly JobId[]
    readonly highest: number
    readonly except: readonly JobId[]
  }): void
  /** Highest number that was recorded or closed; 0 in an empty ledger. */
  highest(): number
  snapshot(): LedgerSnapshot
}

/** A ledger as JSON. */
export interface LedgerSnapshot {
  readonly done: readonly (readonly [number, number])[]
  readonly open: Readonly<Record<string, readonly string[]>>
}

/** A ledger that begins with what was saved. */
export function createLedger(saved: LedgerSnapshot = { done: [], open: {} }): Ledger {
  const done = createIdSet(saved.done)
  const open = new Map<JobId, Told>()
  const recent = new Map<JobId, Told>()
  for (const [text, keys] of Object.entries(saved.open)) {
    const id = parseJobId(text)
    if (id !== undefined) open.set(id, toldOf(keys))
  }

  function remember(id: JobId, told: Told): void {
    recent.set(id, told)
    const [oldest] = recent.keys()
    if (recent.size > maxRecentCount && oldest !== undefined) recent.delete(oldest)
  }

  return {
    news(job) {
      const told = open.get(job.id) ?? recent.get(job.id)
      if (told === undefined && done.has(job.id)) return [] // noticed while it was recent, read when it was not any more
      const facts = timeline(job)
      return told === undefined ? facts : facts.filter((fact) => !isTold(told, fact))
    },
    record(job, facts) {
      const told = open.get(job.id) ?? recent.get(job.id) ?? toldOf([])
      for (const fact of facts) tick(told, fact)
      if (isFinal(jobStatus(job.ops.map((op) => op.status)))) {
        open.delete(job.id)
        done.add(job.id)
        remember(job.id, told)
      } else {
        done.remove(job.id)
        open.set(job.id, told)
      }
    },
    isDone: (id) => done.has(id) && !recent.has(id),
    isOpen: (id) => open.has(id),
    openIds: () => [...open.keys()],
    closeOlder({ listed, highest, except }) {
      const kept = [...open.keys(), ...except].filter((id) => !done.has(id))
      done.addRange(1, highest - maxUnwrittenCount)
      for (const id of listed) done.add(id)
      if (highest > 0) done.add(highest)
      for (const id of kept) done.remove(id)
    },
    highest() {
      let last = done.ranges().at(-1)?.[1] ?? 0
      for (const id of open.keys()) last = Math.max(last, id)
      return last
    },
    snapshot: () => ({
      done: done.ranges(),
      open: Object.fromEntries([...open].map(([id, told]) => [String(id), keysOf(told)])),
    }),
  }
}

/** Reads what {@link Ledger.snapshot} gave, from parsed JSON; undefined when it is something else. */
export function parseLedgerSnapshot(value: unknown): LedgerSnapshot | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { done, open } = value as Partial<Record<string, unknown>>
  if (!Array.isArray(done) || !done.every(isRange)) return undefined
  if (typeof open !== 'object' || open === null) return undefined
  const entries: [string, readonly string[]][] = []
  for (const [id, keys] of Object.entries(open)) {
    if (!isTexts(keys)) return undefined
    entries.push([id, keys])
  }
  return { done, open: Object.fromEntries(entries) }
}

/** What was told of a job: its statuses one by one, of its log all up to a line. */
interface Told {
  readonly keys: Set<string>
  logSerial: number
}

function isTold(told: Told, fact: Fact): boolean {
  return fact.kind === 'log' ? fact.line.serial <= told.logSerial : told.keys.has(factKey(fact))
}

function tick(told: Told, fact: Fact): void {
  if (fact.kind === 'log') told.logSerial = Math.max(told.logSerial, fact.line.serial)
  else told.keys.add(factKey(fact))
}

/** As texts: keys, and `l<serial>` for the log. */
function keysOf({ keys, logSerial }: Told): readonly string[] {
  return logSerial === 0 ? [...keys] : [...keys, `l${logSerial}`]
}

function toldOf(texts: readonly string[]): Told {
  const isLog = (text: string) => /^l\d+$/.test(text)
  const serials = texts.filter(isLog).map((text) => Number(text.slice(1)))
  return { keys: new Set(texts.filter((text) => !isLog(text))), logSerial: Math.max(0, ...serials) }
}

function factKey(fact: OpFact | JobFact): string {
  return fact.kind === 'op'
    ? opFactKey(fact.opIndex, fact.status, fact.time)
    : `j${jobFactKey(fact.statuses)}`
}

function isRange(value: unknown): value is [number, number] {
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    value.every((id) => Number.isSafeInteger(id) && id > 0)
  )
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
