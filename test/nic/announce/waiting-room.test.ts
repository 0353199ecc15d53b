import t from 'tap'
import { type IfName, parseIfName } from '#addr/if-name.js'
import { createWaitingRoom } from '#nic/announce/waiting-room.js'

const tap0 = parseIfName('tap0') as IfName

t.test(
  'a NIC is looked at until its guest runs, then announced three times, a second apart',
  async (t) => {
    const room = createWaitingRoom()
    room.enter(tap0, 7, 1000)
    t.equal(room.nextMs(), 1000)
    t.strictSame(room.take(1000), { looks: [tap0], announcements: [] })
    t.strictSame(room.take(1040), { looks: [], announcements: [] })
    t.strictSame(room.take(1050), { looks: [tap0], announcements: [] })
    t.equal(room.waitingCount(), 1)
    room.runs(tap0, 1050)
    t.equal(room.waitingCount(), 0)
    const sentMs: number[] = []
    while (room.nextMs() < Number.POSITIVE_INFINITY) {
      const nowMs = room.nextMs()
      t.strictSame(room.take(nowMs), { looks: [], announcements: [tap0] })
      sentMs.push(nowMs)
    }
    t.strictSame(sentMs, [1050, 2050, 3050])
  },
)

t.test('the same tap set up again is no news; another tap of its name is', async (t) => {
  const room = createWaitingRoom()
  room.enter(tap0, 7, 0)
  room.runs(tap0, 0)
  room.enter(tap0, 7, 10)
  t.equal(room.waitingCount(), 0)
  room.enter(tap0, 8, 20)
  t.equal(room.waitingCount(), 1)
  t.strictSame(room.take(20), { looks: [tap0], announcements: [] })
})

t.test('a guest that ran when we came is neither looked at nor announced', async (t) => {
  const room = createWaitingRoom()
  room.pass(tap0, 7)
  room.enter(tap0, 7, 10)
  t.equal(room.nextMs(), Number.POSITIVE_INFINITY)
})

t.test('a tap that went is announced no more', async (t) => {
  const room = createWaitingRoom()
  room.enter(tap0, 7, 0)
  room.runs(tap0, 0)
  room.leave(tap0)
  t.strictSame(room.take(5000), { looks: [], announcements: [] })
})

t.test('a guest that takes its time is looked at less often', async (t) => {
  const room = createWaitingRoom()
  room.enter(tap0, 7, 0)
  room.take(60_000)
  t.equal(room.nextMs(), 60_500)
})
