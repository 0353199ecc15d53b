import t from 'tap'
import { parseQueueStats, readQueueStats } from '#kernel/queue-stats.js'

// as a kernel 6.18 prints it; a program's second netlink socket has a port id near 2^32
const table = `   42   1163  5000 2  1600     0     3     5003  1
 1024 3892314112     1 2 65531    17     0       18  1
`

t.test('reads the rows of bound queues', async (t) => {
  t.same(parseQueueStats(table), [
    { queueNumber: 42, portId: 1163, waiting: 5000, queueDropped: 0, userDropped: 3, lastId: 5003 },
    {
      queueNumber: 1024,
      portId: 3_892_314_112,
      waiting: 1,
      queueDropped: 17,
      userDropped: 0,
      lastId: 18,
    },
  ])
})

for (const text of ['', '\n', 'nonsense', '42', '42 x 1 2 3 4 5 6 7'])
  t.test(`finds no queue in ${JSON.stringify(text)}`, async (t) => {
    t.same(parseQueueStats(text), [])
  })

t.test('a queue that nobody bound is not there', async (t) => {
  t.equal(readQueueStats(65_535), undefined)
})
