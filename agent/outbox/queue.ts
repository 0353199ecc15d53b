import { AgentError } from '#errors.js'
import { invariant } from '#result.js'
import { createBell } from './bell.js'
import { openCursorFile } from './cursor.js'
import type { Disk } from './disk.js'
import { writeFailure } from './failure.js'
import { createHotTail } from './hot.js'
import { createLedger, type Held } from './ledger.js'
import type { Entry, Outbox, OutboxOptions, OutboxStats } from './outbox.js'
import { setAsideDamage, setAsideEntry } from './quarantine.js'
import { createReader, type Found } from './reader.js'
import type { Restored } from './restore.js'
import { bytesFrom, readBody } from './segment.js'
import { createWriter } from './writer.js'

/**
 * The outbox at work: a writer that grows the log, a reader that walks behind it, a ledger of what is out, and the
 * cursor behind that. Data goes one way:
 *
 *     append -> writer -> segment files -> reader -> take -> (caller) -> ack -> ledger -> cursor file, unlink
 *                  \______ hot tail ______/
 *
 * It owns the descriptor in `restored` and calls `unlock` at the end of `close`.
 */
export function startQueue(
  options: OutboxOptions & { readonly disk: Disk },
  restored: Restored,
  unlock: () => Promise<void>,
): Outbox {
  const { dir, disk, nowMs = Date.now, cursorPolicy = { everyMs: 100, everyCount: 1000 } } = options
  // About 10 MB of memory, and what is sent again after a crash while one entry gets no answer.
  const { maxOutCount = 65_536 } = options
  const { segments, cursor: start } = restored
  const bell = createBell()
  const hot = createHotTail(options.hotBytes ?? 4 * 1024 * 1024)
  const ledger = createLedger(start)
  const cursorFile = openCursorFile({ disk, dir, policy: cursorPolicy, sequence: start.sequence })
  let nextSequence = restored.nextSequence
  let passed = start.sequence
  /** The first entry was not appended before; what is known without reading for it. */
  let oldestMs = restored.oldestMs
  const counts = { appended: 0, acked: 0, quarantined: 0, damagedBytes: restored.tornBytes }
  let taking: Promise<unknown> | undefined
  let tidying: Promise<unknown> = Promise.resolve()
  let closing: Promise<void> | undefined

  const writer = createWriter({
    disk,
    dir,
    nowMs,
    nextSequence,
    last: restored.last,
    segmentBytes: options.segmentBytes ?? 8 * 1024 * 1024,
    onRoll: (segment) => segments.push(segment),
    onStored(records, segment) {
      segments[segments.length - 1] = segment
      // Nothing waited: the oldest is among these.
      if (backlogCount() === 0) oldestMs = records[0]?.appendedMs
      nextSequence += records.length
      counts.appended += records.length
      for (const record of records) hot.put({ segment: segment.first, record })
      bell.ring()
    },
  })

  const reader = createReader({
    disk,
    start,
    segments: () => segments,
    nextSequence: () => nextSequence,
    hot: hot.get,
    onGap({ from, to, segment, offset }) {
      const count = to - from + 1
      const place = { segment, start: offset, end: offset }
      const isNew = ledger.lost({ sequence: to, count, appendedMs: undefined, ...place })
      if (isNew) counts.quarantined += count
      moved()
    },
    async onDamage(segment, { start, bytes }) {
      // A disk too full for a copy of rotten bytes must not keep the good ones from leaving.
      const isNew = await setAsideDamage(disk, dir, { segment, start, bytes }).catch(() => true)
      if (isNew) counts.damagedBytes += bytes.length
    },
  })

  function moved() {
    const cursor = ledger.cursor()
    if (cursor.sequence === passed) return
    // What is acknowledged out of order stays until here, so that a rewind need not read it from disk to skip it.
    for (; passed < cursor.sequence; passed += 1) hot.drop(passed)
    oldestMs = ledger.passedMs() ?? oldestMs
    cursorFile.moved(cursor)
    dropPassed()
    bell.ring()
  }

  function dropPassed() {
    const cursor = ledger.cursor()
    while (segments.length > 1 && (segments[1]?.first ?? 0) <= cursor.sequence) {
      const done = segments.shift()
      // One that cannot be removed is removed at the next start: it lies before the cursor.
      if (done) tidying = Promise.all([tidying, disk.unlink(done.path).catch(() => undefined)])
    }
  }

  async function takeSome(maxCount: number, maxBytes: number): Promise<readonly Entry[]> {
    const entries: Entry[] = []
    let bytes = 0
    while (entries.length < maxCount) {
      const found = reader.peekHot() ?? (await reader.peekCold())
      if (!found) break
      const { sequence, body } = found.record
      if (isFull(sequence)) break
      if (!ledger.isAcked(sequence)) {
        bytes += body.length
        if (entries.length > 0 && bytes > maxBytes) break
        ledger.handedOut(asHeld(found))
        entries.push({ sequence, body })
      }
      reader.pass(found)
    }
    return entries
  }

  /** Whether it would be one too many; after a rewind those that were out before are none. */
  function isFull(sequence: number): boolean {
    return ledger.outCount() >= maxOutCount && sequence >= ledger.reach()
  }

  function bodyOf(held: Held): Promise<Uint8Array> {
    const found = hot.get(held.sequence)
    if (found) return Promise.resolve(found.record.body)
    const segment = segments.find(({ first }) => first === held.segment)
    invariant(segment, `the segment of entry ${held.sequence} is kept until it is acknowledged`)
    return readBody(disk, segment.path, held)
  }

  function settle(sequence: number): boolean {
    if (closing || !ledger.ack(sequence)) return false
    moved()
    return true
  }

  function backlogCount(): number {
    return nextSequence - ledger.cursor().sequence - ledger.aheadCount()
  }

  function stats(): OutboxStats {
    const cursor = ledger.cursor()
    const nextMs = hot.get(cursor.sequence)?.record.appendedMs
    return {
      backlogCount: backlogCount(),
      backlogBytes: bytesFrom(segments, cursor),
      appendedCount: counts.appended,
      ackedCount: counts.acked,
      quarantinedCount: counts.quarantined,
      damagedBytes: counts.damagedBytes,
      oldestMs: backlogCount() > 0 ? (ledger.oldestOutMs() ?? nextMs ?? oldestMs) : undefined,
      isWritable: writer.lastError() === undefined,
      lastWriteError: writer.lastError(),
    }
  }

  async function closeAll(): Promise<void> {
    bell.ring()
    await writer.close()
    await taking?.catch(() => undefined)
    await reader.close()
    await tidying
    await cursorFile.close()
    await unlock()
  }

  const closedError = () => new AgentError('OUTBOX_CLOSED', `the outbox ${dir} is closed`)
  dropPassed()

  return {
    append: (bodies) => writer.append(bodies),
    async take({ maxCount, maxBytes }) {
      if (closing) throw closedError()
      invariant(!taking, 'one take at a time')
      const entries = takeSome(maxCount, maxBytes)
      taking = entries
      try {
        return await entries
      } finally {
        taking = undefined
      }
    },
    async wait(signal) {
      signal.throwIfAborted()
      const isIdle = () =>
        reader.place().sequence >= nextSequence || isFull(reader.place().sequence)
      while (!closing && isIdle()) await bell.heard(signal)
      if (closing) throw closedError()
    },
    ack(sequence) {
      if (settle(sequence)) counts.acked += 1
    },
    rewind() {
      invariant(!taking, 'no rewind while a take runs')
      reader.seek(ledger.cursor())
      bell.ring()
    },
    async read(sequence) {
      const held = ledger.held(sequence)
      return held && !ledger.isAcked(sequence) ? await bodyOf(held) : undefined
    },
    isStalled() {
      const { sequence } = reader.place()
      const isMostlyAcked = ledger.aheadCount() * 2 >= maxOutCount
      return sequence < nextSequence && isFull(sequence) && isMostlyAcked
    },
    async discard() {
      while (taking) await taking.catch(() => undefined)
      if (closing) throw closedError()
      const count = backlogCount()
      const last = segments.at(-1)
      invariant(last, 'there is always a segment that grows')
      const end = { sequence: nextSequence, segment: last.first, offset: last.bytes }
      ledger.passTo(end)
      reader.seek(end)
      moved()
      return count
    },
    async quarantine(sequence, reason) {
      const held = ledger.held(sequence)
      if (!held || ledger.isAcked(sequence)) return
      try {
        const body = await bodyOf(held)
        const appendedMs = held.appendedMs ?? 0
        await setAsideEntry(disk, dir, { sequence, appendedMs, reason, body })
      } catch (error) {
        throw writeFailure(dir, error)
      }
      if (settle(sequence)) counts.quarantined += 1
    },
    stats,
    close() {
      closing ??= closeAll()
      return closing
    },
    async [Symbol.asyncDispose]() {
      await this.close()
    },
  }
}

function asHeld({ segment, record }: Found): Held {
  const { sequence, start, end, appendedMs } = record
  return { sequence, count: 1, segment, start, end, appendedMs }
}
