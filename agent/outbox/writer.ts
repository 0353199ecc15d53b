import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { AgentError } from '#errors.js'
import type { Disk } from './disk.js'
import { writeFailure } from './failure.js'
import { encodeRecord, HEADER_BYTES, MAX_BODY_BYTES, type StoredRecord } from './record.js'
import { createSegment, type Segment, segmentName } from './segment.js'

/** The growing end of the log: the only thing that writes segments. */
export interface Writer {
  /** See `Outbox.append`. */
  append(bodies: readonly Uint8Array[]): Promise<void>
  /** The segment that grows. */
  active(): Segment
  /** Why the last attempt to write failed; undefined when it succeeded. */
  lastError(): AgentError | undefined
  /** Refuses further appends, finishes those that were accepted. */
  close(): Promise<void>
}

/** What {@link createWriter} starts from; it owns the descriptor from then on. */
export interface WriterOptions {
  readonly disk: Disk
  readonly dir: string
  /** A segment that has grown to this size is followed by a new one. */
  readonly segmentBytes: number
  readonly nowMs: () => number
  readonly last: Segment & { readonly fd: number }
  readonly nextSequence: number
  /** A new segment was begun; the one before will not change again. */
  readonly onRoll: (segment: Segment) => void
  /** These records are on disk now, in this segment; called before their appends resolve. */
  readonly onStored: (records: readonly StoredRecord[], segment: Segment) => void
}

/** Appends are gathered until about this many bytes wait; the rest goes into the next batch. */
const BATCH_BYTES = 1024 * 1024

interface Waiting {
  readonly bodies: readonly Uint8Array[]
  readonly bytes: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Writes batches: one write, one fdatasync, however many appends arrived while the last batch was under way.
 *
 * What survives: `kill -9` everything that was written, synced or not, for the page cache is the kernel's. A power
 * loss: everything whose append resolved. The bytes and the file's length are made durable by fdatasync after each
 * batch, the file's name by fsync on the directory before the first batch into it resolves.
 *
 * When a batch fails, its bytes are cut off again before anything else is written, and every append that waits is
 * rejected with it: otherwise a smaller one behind it could overtake. Nothing of it is told to `onStored`. A failed
 * fdatasync is never just repeated (the kernel may have dropped the dirty pages and would call the second one good):
 * the caller's retry writes the bytes again.
 */
export function createWriter(options: WriterOptions): Writer {
  const { disk, dir, segmentBytes, nowMs, onRoll, onStored } = options
  let active: Segment & { readonly fd: number } = options.last
  let nextSequence = options.nextSequence
  let waiting: Waiting[] = []
  let flushing: Promise<void> | undefined
  let closing: Promise<void> | undefined
  let hasLeftovers = false
  let lastError: AgentError | undefined

  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const batch = takeBatch()
      try {
        await commit(batch)
        lastError = undefined
        for (const append of batch) append.resolve()
      } catch (error) {
        lastError = writeFailure(dir, error)
        const refused = [...batch, ...waiting]
        waiting = []
        for (const append of refused) append.reject(lastError)
      }
    }
    flushing = undefined
  }

  function takeBatch(): readonly Waiting[] {
    let count = 0
    let bytes = 0
    for (const { bytes: more } of waiting) {
      if (count > 0 && bytes + more > BATCH_BYTES) break
      bytes += more
      count += 1
    }
    return waiting.splice(0, count)
  }

  async function commit(batch: readonly Waiting[]): Promise<void> {
    const bytes = batch.reduce((sum, append) => sum + append.bytes, 0)
    await cutLeftovers()
    if (active.bytes > 0 && active.bytes + bytes > segmentBytes) await roll()
    const { buffer, records } = await encode(batch, bytes)
    hasLeftovers = true
    try {
      await disk.write(active.fd, buffer, active.bytes)
      await disk.sync(active.fd)
    } catch (error) {
      // At once, so that not even another process reads what did not happen; and again before the next batch.
      await cutLeftovers().catch(() => undefined)
      throw error
    }
    hasLeftovers = false
    active = { ...active, bytes: active.bytes + bytes }
    nextSequence += records.length
    onStored(records, active)
  }

  async function cutLeftovers(): Promise<void> {
    if (!hasLeftovers) return
    await disk.truncate(active.fd, active.bytes)
    hasLeftovers = false
  }

  async function roll(): Promise<void> {
    const path = join(dir, segmentName(nextSequence))
    const fd = await createSegment(disk, dir, nextSequence)
    const { fd: oldFd } = active
    active = { first: nextSequence, path, bytes: 0, fd }
    onRoll(active)
    await disk.close(oldFd)
  }

  async function encode(
    batch: readonly Waiting[],
    bytes: number,
  ): Promise<{ readonly buffer: Buffer; readonly records: readonly StoredRecord[] }> {
    const buffer = Buffer.allocUnsafeSlow(bytes)
    const records: StoredRecord[] = []
    const appendedMs = nowMs()
    let offset = 0
    let pausedAt = 0
    for (const { bodies } of batch) {
      for (const body of bodies) {
        const sequence = nextSequence + records.length
        const start = active.bytes + offset
        const record = encodeRecord(buffer, offset, { sequence, appendedMs, body, start })
        records.push(record)
        offset = record.end - active.bytes
        if (offset - pausedAt > BATCH_BYTES) {
          pausedAt = offset
          await setImmediate()
        }
      }
    }
    return { buffer, records }
  }

  return {
    append(bodies) {
      if (closing)
        return Promise.reject(new AgentError('OUTBOX_CLOSED', `the outbox ${dir} is closed`))
      if (bodies.length === 0) return Promise.resolve()
      const longest = bodies.reduce((most, body) => Math.max(most, body.length), 0)
      if (longest > MAX_BODY_BYTES) {
        return Promise.reject(
          new RangeError(`an entry of ${longest} bytes; ${MAX_BODY_BYTES} is the most`),
        )
      }
      const bytes = bodies.reduce((sum, body) => sum + HEADER_BYTES + body.length, 0)
      return new Promise((resolve, reject) => {
        waiting.push({ bodies, bytes, resolve, reject })
        flushing ??= flush()
      })
    },
    active: () => active,
    lastError: () => lastError,
    close() {
      closing ??= (async () => {
        await flushing
        await disk.close(active.fd)
      })()
      return closing
    },
  }
}
