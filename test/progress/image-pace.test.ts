import t from 'tap'
import type { ImageProgress } from '#event/image-progress.js'
import { createImagePace } from '#progress/image-pace.js'

const copy = (percentage: number): ImageProgress => ({
  type: 'image-copy-progress',
  percentage,
  said: { progress: percentage },
})
const info: ImageProgress = { type: 'image-info', percentage: undefined, said: {} }
const failure: ImageProgress = { type: 'image-error', percentage: undefined, said: {} }

const words = (told: readonly ImageProgress[]) =>
  told.map(({ type, percentage }) => percentage ?? type)

t.test('of a copy one percentage a second is told, the newest', async (t) => {
  const pace = createImagePace()
  t.strictSame(words(pace.take(copy(1), 0)), [1])
  t.strictSame(words(pace.take(copy(2), 400)), [])
  t.strictSame(words(pace.take(copy(3), 900)), [])
  t.strictSame(pace.due(950), { told: [], nextMs: 1000 })
  t.strictSame(words(pace.due(1000).told), [3])
  t.strictSame(pace.due(2000), { told: [], nextMs: undefined })
})

t.test('the end of a copy is told at once, and once', async (t) => {
  const pace = createImagePace()
  pace.take(copy(98), 0)
  t.strictSame(words(pace.take(copy(100), 10)), [100])
  t.strictSame(words(pace.take(copy(100), 20)), [])
  t.strictSame(words(pace.take(copy(100), 30)), [])
})

t.test(
  'what was held back goes before what is said next, and at the end of the input',
  async (t) => {
    const pace = createImagePace()
    pace.take(copy(1), 0)
    pace.take(copy(2), 10)
    t.strictSame(words(pace.take(info, 20)), [2, 'image-info'])
    pace.take(copy(3), 30)
    t.strictSame(words(pace.end()), [3])
    t.strictSame(words(pace.end()), [])
  },
)

t.test('a flood is thinned and counted; errors come through', async (t) => {
  const pace = createImagePace()
  const told = Array.from({ length: 1000 }, () => pace.take(info, 0)).flat()
  t.equal(told.length, 200)
  t.equal(pace.droppedCount(), 800)
  t.strictSame(words(pace.take(failure, 1)), ['image-error'])
  t.strictSame(words(pace.take(info, 1001)), ['image-info'], 'twenty more a second')
})
