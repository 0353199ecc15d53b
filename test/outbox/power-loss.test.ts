import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { openOutbox } from '#outbox/outbox.js'
import { listQuarantine } from '#outbox/quarantine.js'
import { body, takeAll, texts } from './helpers.js'
import { losingDisk } from './losing-disk.js'

/** Between two losses of power: batches of appends, then so many of the first entries acknowledged; then what is not waited for. */
interface Life {
  readonly batches: readonly (readonly number[])[]
  readonly ackCount: number
  readonly unfinished: number
}

const anyLife: fc.Arbitrary<Life> = fc.record({
  batches: fc.array(fc.array(fc.integer({ min: 0, max: 150 }), { minLength: 1, maxLength: 4 }), {
    maxLength: 4,
  }),
  ackCount: fc.nat(8),
  unfinished: fc.nat(3),
})

t.test(
  'property: a power loss at any time loses nothing of what was appended, and brings nothing forth',
  async (t) => {
    let run = 0
    const root = t.testdir()
    const lives = fc.array(anyLife, { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(
        lives,
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        async (all, stream) => {
          const chance = () => Number(stream.next().value)
          const dir = join(root, `${++run}`)
          let medium = losingDisk()
          let number = 0
          /** What must be there: appended for sure, not acknowledged. */
          let due: readonly string[] = []
          /** What may be there as well: acknowledged, or under way when the power went. */
          const may = new Set<string>()
          for (const { batches, ackCount, unfinished } of all) {
            const cursorPolicy = { everyMs: 1e6, everyCount: 2 }
            const outbox = await openOutbox({
              dir,
              disk: medium.disk,
              segmentBytes: 300,
              hotBytes: 0,
              cursorPolicy,
            })
            const found = await takeAll(outbox)
            const seen = texts(found)
            if (!seen.every((text) => due.includes(text) || may.has(text)))
              throw new Error(`made up: ${seen}`)
            const kept = seen.filter((text) => due.includes(text))
            if (kept.join() !== due.join()) throw new Error(`${kept} instead of ${due}`)
            const made = (length: number) => `${++number}:${'x'.repeat(length)}`
            const added: string[] = []
            for (const lengths of batches) {
              const batch = lengths.map(made)
              await outbox.append(batch.map(body))
              added.push(...batch)
            }
            const entries = [...found, ...(await takeAll(outbox))]
            const acked = entries.slice(0, ackCount)
            for (const { sequence } of acked) outbox.ack(sequence)
            const gone = new Set(texts(acked))
            for (const text of gone) may.add(text)
            due = [...due, ...added].filter((text) => !gone.has(text))
            for (let count = 0; count < unfinished; count++) {
              const text = made(50)
              may.add(text)
              void outbox.append([body(text)]).catch(() => undefined) // the power goes before it is told
              if (chance() < 0.5) await Promise.resolve()
            }
            const after = medium.afterPowerLoss(chance)
            await outbox.close() // of the life before, on the disk before: lets go of the lock
            medium = after
          }
        },
      ),
      { numRuns: 60 },
    )
    t.strictSame(await listQuarantine(root), [])
  },
)

t.test('the losing disk does lose: without a sync nothing is sure', async (t) => {
  const { disk, afterPowerLoss } = losingDisk()
  const fd = await disk.open('/d/a', 0o102, 0)
  await disk.write(fd, body('x'.repeat(200)), 0)
  const without = afterPowerLoss(() => 0.9)
  t.strictSame(await without.disk.list('/d'), [])
  await disk.syncDirectory('/d')
  const named = afterPowerLoss(() => 0.9)
  const again = await named.disk.open('/d/a', 0, 0)
  t.equal(await named.disk.size(again), 0, 'the name only')
  await disk.sync(fd)
  const synced = afterPowerLoss(() => 0.9)
  t.equal(await synced.disk.size(await synced.disk.open('/d/a', 0, 0)), 200)
})
