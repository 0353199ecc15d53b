import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openOutbox } from '#outbox/outbox.js'

const holder = new URL('./holder.js', import.meta.url).pathname

t.test('a second writer in the same process is refused', async (t) => {
  const dir = t.testdir()
  await using _first = await openOutbox({ dir })
  await t.rejects(openOutbox({ dir }), { code: 'OUTBOX_LOCKED' })
})

t.test(
  'a second process is refused by the pid of the first, and let in when that is killed',
  async (t) => {
    const dir = t.testdir()
    const child = spawn(process.execPath, [holder, dir], { stdio: ['ignore', 'pipe', 'inherit'] })
    t.teardown(() => child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    await t.rejects(openOutbox({ dir }), {
      code: 'OUTBOX_LOCKED',
      message: `the outbox ${dir} is written by another process (pid ${child.pid}); stop that one first`,
    })
    child.kill('SIGKILL')
    await once(child, 'exit')
    await using _mine = await openOutbox({ dir })
    t.equal(readFileSync(join(dir, 'lock'), 'utf8'), `${process.pid}\n`)
  },
)

t.test('of many that want it at once exactly one gets it', async (t) => {
  const dir = t.testdir()
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => openOutbox({ dir })))
  const won = outcomes.filter((outcome) => outcome.status === 'fulfilled')
  t.equal(won.length, 1)
  for (const { value } of won) await value.close()
})

t.test(
  'a lock file that was left behind, even with the pid of a living process, is no lock',
  async (t) => {
    const dir = t.testdir()
    await (await openOutbox({ dir })).close()
    writeFileSync(join(dir, 'lock'), '1\n')
    await using outbox = await openOutbox({ dir })
    t.equal(outbox.stats().backlogCount, 0)
  },
)

t.test('closing lets go', async (t) => {
  const dir = t.testdir()
  for (let round = 0; round < 3; round += 1) {
    const outbox = await openOutbox({ dir })
    await outbox.close()
  }
  t.pass('opened three times')
})

t.test('a failed opening lets go', async (t) => {
  const dir = t.testdir({ '00000000000000000001.seg': {} })
  await t.rejects(openOutbox({ dir }), { code: 'OUTBOX_WRITE' })
  await t.rejects(openOutbox({ dir }), { code: 'OUTBOX_WRITE' }, 'not OUTBOX_LOCKED')
})
