/**
 * `npm run fuzz -- [COUNT] [SEED]`: changed packets of real clients through decoding and answering, in this process. Ten million
 * unless told otherwise; the seed is printed, and the same seed tries the same packets.
 */
import { nonZero } from '#responder/counts.js'
import { fuzzResponder } from './respond.js'

const count = Number(process.argv[2] ?? 10_000_000)
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 32)
const sliceCount = 250_000
let done = 0
let slice = 0
let heapBytes = 0
const startMs = performance.now()
process.stdout.write(`${count} packets, seed ${seed}\n`)
while (done < count) {
  const wanted = Math.min(sliceCount, count - done)
  const { counts, servedBefore, servedAfter } = fuzzResponder(wanted, seed + slice)
  done += wanted
  slice++
  if (servedAfter !== servedBefore)
    throw new Error(`${servedBefore} clients were served, now ${servedAfter}`)
  heapBytes = process.memoryUsage().rss
  const seconds = (performance.now() - startMs) / 1000
  process.stdout.write(
    `${done} packets, ${seconds.toFixed(1)} s, ${(heapBytes / 1024 ** 2).toFixed(0)} MiB: ${JSON.stringify(nonZero(counts))}\n`,
  )
}
process.stdout.write(`${done} packets: nothing threw, every answer was right\n`)
