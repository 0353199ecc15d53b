import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { applySteps, undoSteps } from '#kernel/apply-steps.js'
import type { Step } from '#nic/step.js'
import { inOwnNetwork, run } from '../support/own-network.js'
import { brokenSteps } from './broken-steps.js'

const rulesOf = (tap: string) =>
  [
    'add table netdev okeanid',
    `add chain netdev okeanid ${tap} { type filter hook ingress device "${tap}" priority -500; policy accept; }`,
    `flush chain netdev okeanid ${tap}`,
    `add rule netdev okeanid ${tap} ether saddr != aa:00:00:00:00:01 counter drop comment "mac"`,
    `add rule netdev okeanid ${tap} ether type arp arp saddr ip != 192.0.2.2 counter drop comment "arp"`,
  ].join('\n')

/** One step of each kind that this host can do, as plans have them, with all that they need for their undoing. */
function plan(folder: string): readonly Step[] {
  const script = path.join(folder, 'ext-up')
  const undoPath = path.join(folder, 'ext-down')
  return [
    {
      what: 'make bridge prv7',
      need: 'must',
      kind: 'ip',
      lines: ['link add dev prv7 type bridge', 'link set dev prv7 up'],
      undo: ['link del dev prv7'],
    },
    {
      what: 'rules',
      need: 'must',
      kind: 'rules',
      script: `${rulesOf('tap7')}\n`,
      undo: 'add chain netdev okeanid tap7\ndelete chain netdev okeanid tap7\n',
    },
    {
      what: 'attach',
      need: 'must',
      kind: 'ip',
      lines: ['link set dev tap7 master prv7', 'link set dev tap7 up'],
      undo: ['link set dev tap7 nomaster', 'link set dev tap7 down'],
    },
    {
      what: 'port',
      need: 'must',
      kind: 'bridge',
      lines: ['link set dev tap7 hairpin on', 'link set dev tap7 learning off'],
      undo: ['link set dev tap7 hairpin off', 'link set dev tap7 learning on'],
    },
    {
      what: 'route',
      need: 'must',
      kind: 'ip',
      lines: [
        'rule add iif tap7 lookup 100 pref 500 protocol 110',
        '-6 rule add iif tap7 lookup 100 pref 500 protocol 110',
        '-6 rule add to 2001:db8::/64 lookup 100 pref 501 protocol 110',
        'route replace 192.0.2.2 dev tap7 table 100 proto 110',
      ],
      undo: [
        'rule del iif tap7 pref 500',
        '-6 rule del iif tap7 pref 500',
        '-6 rule del to 2001:db8::/64 pref 501',
        'route del 192.0.2.2 table 100',
      ],
    },
    {
      what: 'proxy ARP',
      need: 'must',
      kind: 'sysctl',
      values: [['net/ipv4/conf/tap7/proxy_arp', '1']],
    },
    { what: 'own script', need: 'must', kind: 'script', path: script, undoPath },
    { what: 'binding', need: 'must', kind: 'binding', text: '{"version":1}\n' },
  ]
}

/** What is there of the NIC for others to see. */
function state(folder: string): string {
  return [
    ...(
      ['link show master prv7', 'rule show', '-6 rule show', 'route show table all'] as const
    ).map((command) => {
      try {
        return run('sh', '-c', `ip -o ${command} 2>/dev/null || :`)
      } catch {
        return 'none'
      }
    }),
    run('sh', '-c', 'ip -o link show dev tap7 | grep -o "state [A-Z]*\\|,UP[,>]" || :'),
    run('sh', '-c', 'bridge -d link show dev tap7 2>/dev/null || :'),
    run('nft', 'list', 'ruleset')
      .replaceAll(/table netdev okeanid \{\s*\}\s*/g, '')
      .replaceAll(/packets \d+ bytes \d+/g, ''),
    readdirSync(path.join(folder, 'nics')).join(),
    readdirSync(path.join(folder, 'ext')).join(),
  ].join('\n')
}

function folderOf(t: Test): string {
  const folder = t.testdir({ nics: {}, ext: {} })
  const script = (name: string, text: string) =>
    writeFileSync(path.join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  script('ext-up', `echo "$INSTANCE" >'${folder}/ext/done'`)
  script('ext-up-broken', `echo half >'${folder}/ext/done'\necho 'no such VLAN' >&2\nexit 3`)
  script('ext-down', `rm -f '${folder}/ext/done'`)
  return folder
}

inOwnNetwork(import.meta.url, () => {
  const options = (folder: string) => ({
    tap: 'tap7',
    nicsDirectory: path.join(folder, 'nics'),
    recordsDirectory: path.join(folder, 'taps'),
    environment: { INSTANCE: 'vm1' },
  })

  t.before(() => {
    run('ip', 'tuntap', 'add', 'tap7', 'mode', 'tap')
  })

  t.test('a plan is applied as a whole, again and again', async (t) => {
    const folder = folderOf(t)
    const first = await applySteps(plan(folder), options(folder))
    t.match(first, { ok: true, value: { warnings: [] } }, JSON.stringify(first))
    t.match(run('ip', '-o', 'link', 'show', 'master', 'prv7'), /tap7/)
    t.match(run('bridge', '-d', 'link', 'show', 'dev', 'tap7'), /hairpin on .*learning off/s)
    t.match(run('nft', 'list', 'chain', 'netdev', 'okeanid', 'tap7'), /comment "arp"/)
    t.match(run('ip', '-6', 'rule', 'show'), /iif tap7 lookup 100/)
    t.equal(readFileSync('/proc/sys/net/ipv4/conf/tap7/proxy_arp', 'utf8'), '1\n')
    t.equal(readFileSync(path.join(folder, 'ext/done'), 'utf8'), 'vm1\n')
    t.equal(statSync(path.join(folder, 'nics/tap7.json')).mode & 0o777, 0o640)
    t.same(readdirSync(path.join(folder, 'nics')), ['tap7.json'])
    t.same(await undoSteps(plan(folder), options(folder)), [])
  })

  t.test('whatever step fails, nothing is left half open, and a second start works', async (t) => {
    const folder = folderOf(t)
    const steps = plan(folder)
    const before = state(folder)
    for (const [index, step] of steps.entries()) {
      for (const fault of brokenSteps(step)) {
        const failed = await applySteps(steps.with(index, fault), options(folder))
        t.match(failed, { ok: false, problem: { step: step.what, leftovers: [] } }, step.what)
        t.equal(state(folder), before, `${step.what}: as before`)
        const second = await applySteps(steps, options(folder))
        t.match(second, { ok: true }, `${step.what}: a second start`)
        t.not(state(folder), before)
        t.same(await undoSteps(steps, options(folder)), [])
        t.equal(state(folder), before)
      }
    }
    const failed = await applySteps(steps, { ...options(folder), nicsDirectory: '/nonexistent' })
    t.match(failed, { ok: false, problem: { step: 'binding' } })
    t.equal(state(folder), before)
  })

  t.test('what another has made is not removed when ours cannot be made', async (t) => {
    const folder = folderOf(t)
    run('ip', 'link', 'add', 'prv7', 'type', 'bridge')
    const failed = await applySteps(plan(folder), options(folder))
    t.match(failed, { ok: false, problem: { step: 'make bridge prv7', problem: /File exists/ } })
    t.match(run('ip', '-o', 'link', 'show', 'dev', 'prv7'), /prv7/)
    run('ip', 'link', 'del', 'dev', 'prv7')
  })

  t.test('steps that may fail are told of, and those after them follow', async (t) => {
    const folder = folderOf(t)
    const steps = plan(folder)
    const may = steps.flatMap((step): readonly Step[] =>
      brokenSteps(step).map((fault) => ({ ...fault, need: 'may' })),
    )
    const applied = await applySteps([...may, ...steps.slice(-1)], options(folder))
    t.equal(applied.ok && applied.value.warnings.length, may.length)
    t.ok(readFileSync(path.join(folder, 'nics/tap7.json')))
    run('ip', 'link', 'del', 'dev', 'prv7')
  })

  t.test('break-glass: nothing is undone, each failure is told', async (t) => {
    const folder = folderOf(t)
    mkdirSync(path.join(folder, 'empty'))
    const [bridge, rules, attach] = plan(folder)
    if (bridge === undefined || rules?.kind !== 'rules' || attach === undefined) throw t
    const applied = await applySteps([bridge, { ...rules, script: 'bogus\n' }, attach], {
      ...options(folder),
      keepsGoing: true,
    })
    t.match(applied, { ok: true, value: { warnings: [/^rules: nft: .*syntax error/] } })
    t.match(run('ip', '-o', 'link', 'show', 'master', 'prv7'), /tap7/)
    run('ip', 'link', 'del', 'dev', 'prv7')
  })

  t.test('a script that leaves somebody with its output does not hold the start', async (t) => {
    const folder = folderOf(t)
    writeFileSync(path.join(folder, 'ext-up'), '#!/bin/sh\nsleep 60 &\necho $! >"$0.pid"\n')
    const [script] = plan(folder).filter(({ kind }) => kind === 'script')
    if (script === undefined) throw t
    const startMs = performance.now()
    t.match(await applySteps([script], options(folder)), { ok: true })
    t.ok(performance.now() - startMs < 10_000)
    process.kill(Number(readFileSync(path.join(folder, 'ext-up.pid'), 'utf8')))
  })
})
