import { openOutbox } from '#outbox/outbox.js'

// Appends entries from a number on, for ever, and prints each once its append has resolved: until it is killed.
const [dir = '', from = '1'] = process.argv.slice(2)
const outbox = await openOutbox({ dir, segmentBytes: 20_000 })
for (let number = Number(from); ; number += 3) {
  const texts = [0, 1, 2].map((more) => `${number + more} ${'x'.repeat((number * 37) % 2000)}`)
  await outbox.append(texts.map((text) => Buffer.from(text)))
  process.stdout.write(texts.map((text) => `${text}\n`).join(''))
}
