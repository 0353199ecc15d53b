import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import t from 'tap'
import { openOutbox } from '#outbox/outbox.js'
import { takeAll, texts } from './helpers.js'

const appender = new URL('./appender.js', import.meta.url).pathname
const killCount = 15

/** Runs the appender until it has reported some appends, kills it, and answers what it reported. */
async function runAndKill(
  dir: string,
  from: number,
  afterCount: number,
): Promise<readonly string[]> {
  const child = spawn(process.execPath, [appender, dir, String(from)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const reported: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    reported.push(line)
    if (reported.length === afterCount) child.kill('SIGKILL')
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return reported
}

t.test(
  'kill -9 at any moment: all that was acknowledged is there, in order, once, whole',
  async (t) => {
    const dir = t.testdir()
    const acknowledged: string[] = []
    let next = 1
    let unreported = 0
    for (let round = 0; round < killCount; round += 1) {
      const reported = await runAndKill(dir, next, 1 + ((round * 7919) % 60))
      acknowledged.push(...reported)
      await using outbox = await openOutbox({ dir })
      const found = texts(await takeAll(outbox))
      // Behind the last report there may be appends that the child did not live to report.
      t.strictSame(
        found.filter((_, index) => index < acknowledged.length),
        acknowledged,
      )
      unreported += found.length - acknowledged.length
      acknowledged.splice(0, acknowledged.length, ...found)
      next = Number(found.at(-1)?.split(' ')[0]) + 1
      t.equal(outbox.stats().quarantinedCount, 0)
    }
    const numbers = acknowledged.map((text) => Number(text.split(' ')[0]))
    t.strictSame(
      numbers,
      Array.from(numbers, (_, index) => index + 1),
      'no gap, no duplicate',
    )
    t.ok(
      acknowledged.every((text) => /^\d+ x*$/.test(text)),
      'no garbage',
    )
    t.comment(`${acknowledged.length} entries, ${unreported} of them on disk but not reported`)
  },
)
