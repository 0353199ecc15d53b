import t from 'tap'
import { createProgressCheck, createVigil } from '#service/vigil.js'

t.test(
  'work that ends is no matter, whatever comes of it; work that does not is told',
  async (t) => {
    let now = 0
    const vigil = createVigil(1000, () => now)
    t.equal(await vigil.during('reading', async () => 7), 7)
    await t.rejects(
      vigil.during('reading', () => Promise.reject(new Error('no'))),
      new Error('no'),
    )
    now = 5000
    t.equal(vigil.hanging(), undefined)
    let end = () => {}
    const work = vigil.during(
      'writing',
      () =>
        new Promise<void>((resolve) => {
          end = resolve
        }),
    )
    now = 6000
    t.equal(vigil.hanging(), undefined, 'not yet')
    now = 7500
    t.equal(vigil.hanging(), 'writing for 3 s')
    end()
    await work
    t.equal(vigil.hanging(), undefined)
  },
)

t.test('without a limit nothing is ever told', async (t) => {
  let now = 0
  const vigil = createVigil(0, () => now)
  void vigil.during('writing', () => new Promise<void>(() => {}))
  now = 1e9
  t.equal(vigil.hanging(), undefined)
})

t.test(
  'progress that is due and does not come is told; each step and each disturbance begins anew',
  async (t) => {
    let now = 0
    let look = { isDue: false, mark: 0 }
    const vigil = createVigil(1000, () => now)
    const progress = createProgressCheck('nothing is sent', {
      limitMs: 1000,
      look: () => look,
      nowMs: () => now,
    })
    vigil.ask(progress.question)
    const at = (ms: number) => {
      now = ms
      return vigil.hanging()
    }
    t.equal(at(5000), undefined, 'nothing is due')
    look = { isDue: true, mark: 0 }
    t.equal(at(5900), undefined)
    t.equal(at(6100), 'nothing is sent for 1 s')
    look = { isDue: true, mark: 1 }
    t.equal(at(6200), undefined, 'a step')
    t.equal(at(7300), 'nothing is sent for 1 s')
    progress.disturbed()
    t.equal(at(8000), undefined, 'disturbed')
  },
)
