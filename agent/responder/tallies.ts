import {
  countSize,
  type OutcomeCounts,
  type OutcomeName,
  outcomeIndex,
  outcomeNames,
  readCounts,
} from './counts.js'
import { bucketSize, fillBucket, type RateLimit, takeToken } from './token-bucket.js'

/** The latest answer of a NIC. */
export interface LastAnswer {
  readonly what: OutcomeName
  /** Unix milliseconds. */
  readonly unixMs: number
}

/** What is counted and remembered of each NIC, a row for each. */
export interface Tallies {
  /** A row of zeros with a full bucket. */
  open(): number
  /** Gives a row back; its counts go on to count in `totals`. */
  close(row: number): void
  takeToken(row: number, nowMs: number): boolean
  count(row: number, name: OutcomeName): void
  /** Counts an answer and notes it as the row's latest. */
  answered(row: number, name: OutcomeName, unixMs: number): void
  /** Those that are not zero. */
  counts(row: number): Readonly<Partial<OutcomeCounts>>
  lastAnswer(row: number): LastAnswer | undefined
  /** Over all rows, also those that were given back. */
  totals(): OutcomeCounts
}

/** Numbers of a row beside its counts: the bucket, which answer was the last (index + 1), and when. */
const numberSize = bucketSize + 2
const lastWhatAt = bucketSize
const lastMsAt = bucketSize + 1

/** What a count of a row can hold; at 20,000 packets a second that is two and a half days. */
const largestCount = 0xffff_ffff

/**
 * An empty set of rows. They stand in two arrays that grow by doubling: a packet touches two lines of memory here, where an
 * object for each NIC would cost it eight.
 */
export function createTallies(limit: RateLimit): Tallies {
  let capacity = 64
  let used = 0
  let numbers = new Float64Array(capacity * numberSize)
  let counts = new Uint32Array(capacity * countSize)
  const free: number[] = []
  /** Of rows that were given back. */
  const former = new Float64Array(countSize)

  function grow(): void {
    capacity *= 2
    const moreNumbers = new Float64Array(capacity * numberSize)
    const moreCounts = new Uint32Array(capacity * countSize)
    moreNumbers.set(numbers)
    moreCounts.set(counts)
    numbers = moreNumbers
    counts = moreCounts
  }

  function add(row: number, index: number): void {
    const at = row * countSize + index
    if (counts[at] === largestCount) {
      // the row begins anew, as a restarted program's would, and nothing is missing in the totals
      former[index] = (former[index] ?? 0) + largestCount
      counts[at] = 0
    }
    counts[at] = (counts[at] ?? 0) + 1
  }

  return {
    open() {
      const row = free.pop() ?? used++
      if (row === capacity) grow()
      numbers.fill(0, row * numberSize, (row + 1) * numberSize)
      counts.fill(0, row * countSize, (row + 1) * countSize)
      fillBucket(numbers, row * numberSize, { limit, nowMs: 0 })
      return row
    },
    close(row) {
      for (let index = 0; index < countSize; index++) {
        const at = row * countSize + index
        former[index] = (former[index] ?? 0) + (counts[at] ?? 0)
        counts[at] = 0
      }
      free.push(row)
    },
    takeToken: (row, nowMs) => takeToken(numbers, row * numberSize, limit, nowMs),
    count: (row, name) => add(row, outcomeIndex[name]),
    answered(row, name, unixMs) {
      const index = outcomeIndex[name]
      add(row, index)
      numbers[row * numberSize + lastWhatAt] = index + 1
      numbers[row * numberSize + lastMsAt] = unixMs
    },
    counts(row) {
      const some: Partial<Record<OutcomeName, number>> = {}
      for (const [index, name] of outcomeNames.entries()) {
        const count = counts[row * countSize + index] ?? 0
        if (count > 0) some[name] = count
      }
      return some
    },
    lastAnswer(row) {
      const what = outcomeNames[(numbers[row * numberSize + lastWhatAt] ?? 0) - 1]
      return what && { what, unixMs: numbers[row * numberSize + lastMsAt] ?? 0 }
    },
    totals() {
      const sum = Float64Array.from(former)
      for (let at = 0; at < used * countSize; at++) {
        const index = at % countSize
        sum[index] = (sum[index] ?? 0) + (counts[at] ?? 0)
      }
      return readCounts(sum, 0)
    },
  }
}
