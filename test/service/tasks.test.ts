import t from 'tap'
import { aborted, outcomeError, runTasks, type Task } from '#service/tasks.js'

/** A task that writes down when it starts and stops. */
function recorder(
  name: string,
  journal: string[],
  end: () => Promise<void> = async () => {},
): Task {
  return {
    name,
    async run(signal) {
      journal.push(`${name} starts`)
      await aborted(signal)
      await end()
      journal.push(`${name} stops`)
    },
  }
}

t.test('tasks stop in reverse order, one after the other', async (t) => {
  const journal: string[] = []
  const stop = new AbortController()
  const running = runTasks([recorder('a', journal), recorder('b', journal)], {
    signal: stop.signal,
    deadlineMs: 5000,
  })
  stop.abort()
  t.strictSame(await running, { failure: undefined, stuck: [] })
  t.strictSame(journal, ['a starts', 'b starts', 'b stops', 'a stops'])
})

t.test('the first failure stops the others and is the outcome', async (t) => {
  const journal: string[] = []
  const failing: Task = { name: 'bad', run: () => Promise.reject(new Error('disk gone')) }
  const outcome = await runTasks([recorder('a', journal), failing], {
    signal: new AbortController().signal,
    deadlineMs: 5000,
  })
  t.equal(outcome.failure?.task, 'bad')
  t.match(outcomeError(outcome)?.message, 'disk gone')
  t.strictSame(journal, ['a starts', 'a stops'])
})

t.test('a task that does not stop is named, and nobody waits for it for ever', async (t) => {
  const stop = new AbortController()
  stop.abort()
  const stuck: Task = { name: 'stuck', run: () => new Promise(() => {}) }
  const outcome = await runTasks([stuck], { signal: stop.signal, deadlineMs: 10 })
  t.strictSame(outcome.stuck, ['stuck'])
  t.match(outcomeError(outcome), { code: 'TASK_STUCK' })
})

t.test('a task that ends by itself ends nothing else', async (t) => {
  const journal: string[] = []
  const stop = new AbortController()
  const short: Task = { name: 'short', run: async () => void journal.push('short ran') }
  const running = runTasks([short, recorder('a', journal)], {
    signal: stop.signal,
    deadlineMs: 5000,
  })
  await new Promise(setImmediate)
  stop.abort()
  t.equal(outcomeError(await running), undefined)
  t.strictSame(journal, ['short ran', 'a starts', 'a stops'])
})
