import path from 'node:path'
import t from 'tap'
import { ageAt, ageMs } from '#watch/binding-file.js'

t.test('what was just changed is young, in whichever part of a millisecond', async (t) => {
  t.equal(ageAt(1000, 1000.96), 0)
  t.equal(ageAt(1000, 1000), 0)
  t.equal(ageAt(1100, 1000.96), 100)
  t.equal(ageAt(1000, 1001), Number.POSITIVE_INFINITY, 'a clock was put back')
})

t.test('a file that is not there has no age to wait for', async (t) => {
  t.equal(ageMs(path.join(t.testdir(), 'none')), Number.POSITIVE_INFINITY)
})
