import { spawnSync } from 'node:child_process'
import t, { type Test } from 'tap'
import type { IfName } from '#addr/if-name.js'
import { readTapRules } from '#kernel/rule-dump.js'
import { lockTaps } from '#kernel/tap-locks.js'
import { nicRules } from '#nic/rules/nic-rules.js'
import { textDigest } from '#nic/text-digest.js'
import { createLostRules } from '../../agent/bin/lost-rules.js'
import type { ComparedNic, Comparison } from '../../agent/bin/repair-pass.js'
import { desiredNic } from '../nic/rules/desired-nic.js'
import { ifindexOf, inOwnNetwork, run } from '../support/own-network.js'

/** Rules of three NICs that are right, and are flushed then. */
const tests = (): void => {
  run('mount', '-t', 'sysfs', 'sysfs', '/sys') // of this network
  const nics = ['tap0', 'tap1', 'tap2'].map((tap, number) =>
    desiredNic({ tap, ip: `192.0.2.10${number}`, hardware: `aa:00:00:00:01:1${number}` }),
  )
  const taps = nics.map(({ nic }) => nic.tap)
  for (const tap of taps) run('ip', 'tuntap', 'add', tap, 'mode', 'tap')
  const nft = (script: string) =>
    spawnSync('nft', ['-f', '-'], { input: script, encoding: 'utf8' }).stderr
  const digest = (tap: IfName) => readTapRules(tap).get(tap)?.digest
  const digests = () => taps.map(digest)

  /** What a pass finds of NICs that are right. */
  function comparison(known: readonly IfName[] = taps): Comparison {
    const compared = nics.map((desired): Partial<ComparedNic> => {
      const { tap } = desired.nic
      const record = {
        rulesDigest: digest(tap),
        scriptDigest: textDigest(nicRules(desired).apply),
        ifindex: ifindexOf(tap),
      }
      return {
        nic: desired.nic,
        desired: { ok: true, value: desired },
        record: known.includes(tap) ? (record as ComparedNic['record']) : undefined,
        differences: [],
      }
    })
    return { nics: compared } as unknown as Comparison
  }

  async function kept(t: Test, known?: readonly IfName[]) {
    t.equal(nft(`flush ruleset\n${nics.map((nic) => nicRules(nic).apply).join('')}`), '')
    const runtimeDirectory = t.testdir()
    const lost = createLostRules({ runtimeDirectory, claims: { lines: () => [] } })
    await lost.keep(comparison(known))
    return { lost, runtimeDirectory, had: digests() }
  }

  t.test('all are back, and are what they were', async (t) => {
    const { lost, had } = await kept(t)
    nft('flush ruleset')
    t.same(digests(), [undefined, undefined, undefined])
    t.same([...(await lost.putBack((work) => work())).taps], taps)
    t.same(digests(), had)
  })

  t.test(
    'a tap at which nic up or down is at work, and one that was made anew, are left',
    async (t) => {
      const { lost, runtimeDirectory, had } = await kept(t)
      const locks = lockTaps(runtimeDirectory, ['tap0'])
      t.teardown(() => locks.close())
      run('ip', 'link', 'del', 'tap1')
      run('ip', 'tuntap', 'add', 'tap1', 'mode', 'tap')
      nft('flush ruleset')
      t.same([...(await lost.putBack((work) => work())).taps], ['tap2'])
      t.same(digests(), [undefined, undefined, had[2]])
    },
  )

  t.test('nothing when the rules of any are there', async (t) => {
    const { lost } = await kept(t)
    nft('flush ruleset')
    t.equal(
      nft(
        nics
          .slice(2)
          .map((nic) => nicRules(nic).apply)
          .join(''),
      ),
      '',
    )
    t.equal((await lost.putBack((work) => work())).taps.size, 0)
    t.same(digests().slice(0, 2), [undefined, undefined])
  })

  t.test('nothing when of few some are not kept: nft brings all at once', async (t) => {
    const { lost } = await kept(t, taps.slice(1))
    nft('flush ruleset')
    t.equal((await lost.putBack((work) => work())).taps.size, 0)
  })

  t.test('rules of another decision, or of another hand, are not kept', async (t) => {
    const { lost } = await kept(t, [])
    nft(`add rule netdev okeanid from_tap0 counter`)
    const all = comparison()
    const [first, second, third] = all.nics
    const other = { ...second?.record, scriptDigest: 'another' } as ComparedNic['record']
    const foreign = { ...first?.record, rulesDigest: 'another' } as ComparedNic['record']
    const changed = [
      { ...first, record: foreign },
      { ...second, record: other },
      { ...third, desired: { ok: false, problem: 'nobody knows' } },
    ]
    await lost.keep({ nics: changed } as unknown as Comparison)
    nft('flush ruleset')
    t.equal((await lost.putBack((work) => work())).taps.size, 0)
  })
}

inOwnNetwork(import.meta.url, tests, { hasMounts: true })
