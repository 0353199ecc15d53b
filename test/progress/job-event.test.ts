import t from 'tap'
import { jobMessages } from '#progress/job-messages.js'
import { createLedger } from '#progress/ledger.js'
import { jobFile, jobOf } from '../support/job.js'

t.test('a job of a thousand ops that nobody saw running is told in bounded memory', async (t) => {
  const ops = Array.from({ length: 1000 }, (_, index) => ({
    status: 'success',
    start: 200 + index * 10,
    exec: 201 + index * 10,
    end: 209 + index * 10,
  }))
  const job = jobOf(jobFile(1, ops, 20_000))
  const facts = createLedger().news(job)
  const cluster = { name: 'c', uuid: 'u', prefixes: new Map<string, string>() }
  const messages = jobMessages(cluster, { node: 'n', cluster: 'c' }, { job, facts })
  const told = messages.filter(({ routingKey }) => routingKey === 'ganeti.event.job')
  t.equal(told.length, 3001, 'one for the queued job, three an op')
  t.ok(told.every(({ body }) => body.length < 16_384))
  t.match(JSON.parse(told.at(-1)?.body ?? ''), { status: 'success', op_count: 1000 })
})
