import { getEventListeners } from 'node:events'
import t from 'tap'
import { createWaitingRoom } from '#broker/waiting-room.js'

t.test('first come, first served; the signal takes out its own, in order', async (t) => {
  const gone: unknown[] = []
  const room = createWaitingRoom<number>((...what) => gone.push(what))
  const [mine, yours] = [new AbortController(), new AbortController()]
  for (const one of [1, 3, 5]) room.enter(one, mine.signal)
  for (const one of [2, 4]) room.enter(one, yours.signal)
  t.equal(room.next(), 1)
  mine.abort('enough')
  t.strictSame(gone, [
    [3, 'enough'],
    [5, 'enough'],
  ])
  t.equal(room.count(), 2)
  t.strictSame([room.next(), room.next(), room.next()], [2, 4, undefined])
})

t.test('one listener per signal while somebody waits for it, none after', async (t) => {
  const room = createWaitingRoom<number>(() => undefined)
  const { signal } = new AbortController()
  for (let one = 0; one < 100; one += 1) room.enter(one, signal)
  t.equal(getEventListeners(signal, 'abort').length, 1)
  for (let one = 0; one < 100; one += 1) room.next()
  t.equal(getEventListeners(signal, 'abort').length, 0)
  room.enter(1, signal)
  t.equal(getEventListeners(signal, 'abort').length, 1)
})
