import { closeSync, openSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { loadAddon } from '#kernel/native.js'
import { lockTaps } from '#kernel/tap-locks.js'
import { inOwnNetwork } from '../support/own-network.js'

/** No abuse from JavaScript may crash the process. */
inOwnNetwork(import.meta.url, () => {
  const { readRuleset, RulesetWatch, tryLock } = loadAddon()
  const question = { kind: 'rules', family: 5, table: 'okeanid', name: '' } as const

  t.test('questions that are none are refused', async (t) => {
    const ask = (changes: object) => () =>
      Reflect.apply(readRuleset, undefined, [{ ...question, ...changes }])
    for (const kind of [1, undefined, null, {}]) t.throws(ask({ kind }), { name: 'TypeError' })
    for (const kind of ['', 'rule', 'rules\0']) t.throws(ask({ kind }), { name: 'RangeError' })
    for (const family of [-1, 256, 1.5, Number.NaN])
      t.throws(ask({ family }), { name: 'RangeError' })
    for (const key of ['table', 'name']) {
      t.throws(ask({ [key]: 'x'.repeat(256) }), { name: 'RangeError' })
      t.throws(ask({ [key]: 'a\0b' }), { name: 'RangeError' })
      t.throws(ask({ [key]: 7 }), { name: 'TypeError' })
    }
    for (const args of [[], [null], [1]])
      t.throws(() => Reflect.apply(readRuleset, undefined, args), { name: 'TypeError' })
  })

  t.test('what is not there has nothing, whatever its name', async (t) => {
    for (const kind of ['rules', 'chains', 'elements'] as const)
      for (const name of ['', 'x', 'x'.repeat(255), 'ünïcode'])
        for (const family of [0, 5, 200])
          t.same(
            readRuleset({ ...question, kind, name: kind === 'chains' ? '' : name, family }),
            [],
          )
  })

  t.test('sockets are not kept: ten thousand questions', async (t) => {
    for (let n = 0; n < 10_000; n++)
      readRuleset({ kind: 'generation', family: 0, table: '', name: '' })
    const file = openSync('/dev/null', 'r')
    closeSync(file)
    t.ok(file < 200, `the next descriptor is ${file}`)
  })

  t.test('a watch closes twice, also in its own callback, and wants its options', async (t) => {
    for (const args of [[], [null], [{ receiveBufferBytes: 1 }], [{ onChanges: () => {} }]])
      t.throws(() => Reflect.construct(RulesetWatch, args), { name: 'TypeError' })
    const watch = new RulesetWatch({ receiveBufferBytes: 1 << 16, onChanges: () => watch.close() })
    watch.close()
    watch.close()
  })

  t.test('locks: taken once, free when closed, and never of what is no file', async (t) => {
    const directory = t.testdir()
    const held = lockTaps(directory, ['tap0', 'tap1'])
    t.same([...held.held], [])
    t.same([...lockTaps(directory, ['tap1', 'tap2']).held], ['tap1'])
    held.close()
    held.close()
    t.same([...lockTaps(directory, ['tap1']).held], [])
    for (const fd of [-1, 1.5, 2 ** 31]) t.throws(() => tryLock(fd), { name: 'RangeError' })
    t.throws(() => tryLock(99_999), { code: 'EBADF' })
    t.throws(() => Reflect.apply(tryLock, undefined, [path]), { name: 'TypeError' })
  })
})
