import { backoffMs } from '#backoff.js'
import type { Pace } from './drain.js'
import { firstOf } from './first-of.js'
import type { Flight, Trouble } from './flight.js'
import type { Entry, Outbox } from './outbox.js'

/** What a prober works with. */
export interface ProbeOptions extends Pace {
  readonly outbox: Outbox
  readonly flight: Flight
  readonly laneOf: (entry: Entry) => string
  /** Everything that is not acknowledged will be handed out again. */
  readonly rewind: () => void
  readonly signal: AbortSignal
  readonly refusalCount: number
  readonly windowCount: number
}

/**
 * After a refusal: finds out whether one entry is to blame or the other side takes nothing at all. Nothing must be out.
 *
 * Entries are sent alone, in order, until one of another lane passes: one of the same would overtake. Those refused
 * before it are to blame; who was to blame
 * `refusalCount` times is moved aside. When none passes nobody is to blame: after a longer pause it starts again and
 * reaches twice as far, so that neighbours in misfortune do not hide behind each other. An entry that is refused and
 * has nobody behind it harms nobody: it stays, and is judged when the next one is appended. Resolves when the first
 * entry passed, was moved aside or is gone; rejects with the signal's reason.
 */
export async function probe(options: ProbeOptions): Promise<void> {
  const { outbox, flight, rewind, signal, backoff, random, pause, refusalCount, windowCount } =
    options
  const blame = new Map<number, number>()
  let reachCount = 1
  let failures = 0
  let isAtEnd = false
  for (;;) {
    const ms = backoffMs(backoff, failures, random())
    // Who is refused and has nobody behind it need not keep a newcomer waiting.
    if (isAtEnd) await firstOf(signal, (cut) => [pause(ms, cut), outbox.wait(cut)])
    else await pause(ms, signal)
    rewind()
    const { refused, end } = await sendSingly(options, reachCount)
    isAtEnd = end === 'none'
    if (end !== 'passed') {
      if (end === 'none' && refused.length === 0) return
      failures += 1
      reachCount = Math.min(windowCount, reachCount * 2)
      continue
    }
    failures = 0
    let isAnyLeft = false
    for (const sequence of refused) {
      const count = (blame.get(sequence) ?? 0) + 1
      blame.set(sequence, count)
      if (count < refusalCount) isAnyLeft = true
      else await flight.moveAside(sequence, `refused ${count} times while others were accepted`)
    }
    if (isAnyLeft) continue
    rewind()
    return
  }
}

interface Singly {
  readonly refused: readonly number[]
  /** What came after those: one that passed, a lost connection, nothing left to send, or the end of our reach. */
  readonly end: 'passed' | 'lost' | 'none' | 'reach'
}

async function sendSingly(options: ProbeOptions, reachCount: number): Promise<Singly> {
  const refused: number[] = []
  const lanes = new Set<string>()
  while (refused.length <= reachCount) {
    const sent = await sendOne(options, lanes)
    if (sent === 'none') return { refused, end: 'none' }
    if (sent.trouble === 'lost') return { refused, end: 'lost' }
    if (sent.trouble === 'none') return { refused, end: 'passed' }
    refused.push(sent.entry.sequence)
    lanes.add(options.laneOf(sent.entry))
  }
  return { refused, end: 'reach' }
}

async function sendOne(
  { outbox, flight, laneOf, signal }: ProbeOptions,
  refusedLanes: ReadonlySet<string>,
): Promise<'none' | { readonly entry: Entry; readonly trouble: Trouble }> {
  for (;;) {
    const [entry] = await outbox.take({ maxCount: 1, maxBytes: 1 })
    if (!entry) return 'none'
    if (refusedLanes.size > 0 && refusedLanes.has(laneOf(entry))) continue
    flight.start(entry)
    await flight.landed(signal)
    return { entry, trouble: flight.forgive() }
  }
}
