import t from 'tap'
import { createEventCounters } from '#bin/event-counters.js'
import { appendMessages } from '#bin/outbox-append.js'
import { decodeMessage } from '#event/codec.js'
import type { Message } from '#event/message.js'
import { type Disk, nodeDisk } from '#outbox/disk.js'
import { openOutbox } from '#outbox/outbox.js'
import { createMetrics } from '#service/metrics.js'

const messages: readonly Message[] = Array.from({ length: 100 }, (_, index) => ({
  routingKey: 'ganeti.snf.event.op',
  messageId: `op.${index}`,
  timestampSeconds: 1_700_000_000,
  headers: {},
  body: JSON.stringify({ text: 'x'.repeat(400) }),
}))

/** A disk that has no room for a write of more than so many bytes, until it is freed. */
function fullDisk(): { readonly disk: Disk; roomBytes: number } {
  const full = {
    roomBytes: 0,
    disk: {
      ...nodeDisk,
      async write(fd: number, bytes: Uint8Array, position: number) {
        if (bytes.length > full.roomBytes)
          throw Object.assign(new Error('ENOSPC: no room'), { code: 'ENOSPC' })
        full.roomBytes -= bytes.length
        await nodeDisk.write(fd, bytes, position)
      },
    },
  }
  return full
}

t.test('a batch larger than what is free goes in as far as there is room', async (t) => {
  const full = fullDisk()
  full.roomBytes = Number.POSITIVE_INFINITY
  await using outbox = await openOutbox({ dir: t.testdir(), disk: full.disk })
  full.roomBytes = 20_000
  const lines: string[] = []
  const log = (_: unknown, event: string) => {
    lines.push(event)
    if (event === 'outbox-not-writable') full.roomBytes = Number.POSITIVE_INFINITY
    if (event === 'outbox-not-writable')
      t.ok(outbox.stats().backlogCount > 30, 'most of the room is used')
  }
  const parts = { outbox, log, counters: createEventCounters(createMetrics()) }
  t.equal(await appendMessages(parts, messages, new AbortController().signal), true)
  t.strictSame(lines, ['outbox-not-writable', 'outbox-writable-again'])
  const entries = await outbox.take({ maxCount: 1000, maxBytes: 1e9 })
  const ids = entries.map(({ body }) => {
    const message = decodeMessage(body)
    return message.ok ? message.value.messageId : message.problem
  })
  t.strictSame(
    ids,
    messages.map(({ messageId }) => messageId),
    'all of them, once, in order',
  )
})

t.test('told to stop while the disk is full it says so', async (t) => {
  const full = fullDisk()
  await using outbox = await openOutbox({ dir: t.testdir(), disk: full.disk })
  const stop = new AbortController()
  const parts = {
    outbox,
    log: () => stop.abort(),
    counters: createEventCounters(createMetrics()),
  }
  t.equal(await appendMessages(parts, messages, stop.signal), false)
  t.equal(outbox.stats().backlogCount, 0)
})
