import t from 'tap'
import { transientArguments } from '#script/transient.js'
import { plainSettings } from '../support/script-settings.js'

const run = {
  unit: 'u.service',
  description: 'what for',
  script: '/etc/okeanid/hooks/post-instance-start.d/50-x',
  environmentFile: '/s/1.env',
  outputFile: '/s/1.out',
  endedFile: '/s/1.exit',
  runScript: '/lib/run-script',
  scriptEnded: '/lib/script-ended',
}
const properties = (own = {}): readonly string[] =>
  transientArguments({ ...run, settings: plainSettings(own) }).filter((arg) =>
    arg.startsWith('--property='),
  )

t.test('the program is ours, which becomes the script', async (t) => {
  const args = transientArguments({ ...run, settings: plainSettings({ outputMaxBytes: 1025 }) })
  t.strictSame(args.slice(args.indexOf('--')), ['--', '/lib/run-script', '2', run.script])
})

for (const { name, own, has } of [
  { name: 'a user', own: { user: 'dns', group: 'bind' }, has: ['User=dns', 'Group=bind'] },
  {
    name: 'times',
    own: { timeoutMs: 1500, graceMs: 0 },
    has: ['RuntimeMaxSec=1.5s', 'TimeoutStopSec=0s'],
  },
  { name: 'memory', own: { memoryMaxBytes: 1024 }, has: ['MemoryMax=1024', 'MemorySwapMax=0'] },
  { name: 'processors', own: { cpuQuotaPercent: 150 }, has: ['CPUQuota=150%'] },
  { name: 'processes', own: { tasksMax: 8 }, has: ['TasksMax=8'] },
  { name: 'no network', own: { hasPrivateNetwork: true }, has: ['PrivateNetwork=yes'] },
  { name: 'read-only', own: { isReadOnly: true }, has: ['ProtectSystem=strict', 'PrivateTmp=yes'] },
]) {
  t.test(name, async (t) => {
    for (const one of has) {
      t.ok(properties(own).includes(`--property=${one}`), one)
      if (!/^(?:RuntimeMax|TimeoutStop)/.test(one))
        t.notOk(properties().includes(`--property=${one}`))
    }
  })
}

t.test('how it ended is noted outside of what confines the script', async (t) => {
  t.ok(properties().includes('--property=ExecStopPost=+/lib/script-ended /s/1.exit'))
})
