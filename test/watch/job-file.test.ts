import { closeSync, openSync, writeSync } from 'node:fs'
import path from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { parseJobId } from '#ganeti/job.js'
import { readJobFile } from '#watch/job-file.js'

t.test(
  'a job with a log of 100 MB is read in slices: the loop turns, memory holds, states are told',
  async (t) => {
    const directory = t.testdir()
    const file = openSync(path.join(directory, 'job-7'), 'w')
    writeSync(
      file,
      '{"id":7,"received_timestamp":[1,2],"end_timestamp":[9,9],"ops":[{"input":{"OP_ID":"OP_CLUSTER_VERIFY_GROUP"},"status":"success","start_timestamp":[3,0],"exec_timestamp":[4,0],"end_timestamp":[9,0],"log":[',
    )
    const line = `[1,[5,0],"message","${'x'.repeat(10_000)}"]`
    const lines = `${new Array(99).fill(line).join(',')},`
    for (let i = 0; i < 101; i++) writeSync(file, lines)
    writeSync(file, '[9999,[8,0],"message","the last line"]]}]}')
    closeSync(file)
    const id = parseJobId(7)
    if (id === undefined) throw new Error('id')

    let turns = 0
    let peakBytes = 0
    let isDone = false
    const watching = (async () => {
      while (!isDone) {
        turns++
        peakBytes = Math.max(
          peakBytes,
          process.memoryUsage().heapUsed + process.memoryUsage().external,
        )
        await nextTurn()
      }
    })()
    const before = process.memoryUsage().heapUsed + process.memoryUsage().external
    const reading = await readJobFile(directory, id)
    isDone = true
    await watching
    t.match(reading, {
      kind: 'job',
      job: {
        id: 7,
        ops: [{ status: 'success', lastLog: { serial: 9999, message: 'the last line' } }],
      },
    })
    t.ok(turns > 1000, `the event loop turned ${turns} times meanwhile`)
    t.ok(
      peakBytes - before < 64 * 1024 ** 2,
      `memory grew by ${Math.round((peakBytes - before) / 1024 ** 2)} MiB at most`,
    )
  },
)
