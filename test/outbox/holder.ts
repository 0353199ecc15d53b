import { openOutbox } from '#outbox/outbox.js'

// Holds the outbox of the directory in its first argument until it is killed.
await openOutbox({ dir: process.argv[2] ?? '' })
process.stdout.write('held\n')
setInterval(() => {}, 1_000_000)
