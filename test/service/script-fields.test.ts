import t from 'tap'
import { parseConfig } from '#service/config.js'
import { scriptSettings } from '../../agent/bin/script-settings.js'

const config = (text: string) => parseConfig([{ file: 'a.ini', text }]).config

t.test('a section of a script stands over [scripts], and that over the defaults', async (t) => {
  const parsed = config(
    '[scripts]\nuser = hooks\ntimeout = 1m\n[script dns-update]\nuser = dns\nmemory_max = none\n',
  )
  t.match(scriptSettings(parsed, '50-dns-update'), {
    user: 'dns',
    timeoutMs: 60_000,
    memoryMaxBytes: undefined,
    retryCount: 2,
  })
  t.match(scriptSettings(parsed, 'other'), { user: 'hooks', memoryMaxBytes: 256 * 1024 * 1024 })
})

t.test('the file’s whole name is meant before that without its number', async (t) => {
  const parsed = config('[script x]\nuser = a\n[script 10-x]\nuser = b\n')
  t.equal(scriptSettings(parsed, '10-x').user, 'b')
  t.equal(scriptSettings(parsed, '20-x').user, 'a')
})

t.test('limits', async (t) => {
  const parsed = config(
    '[script x]\ncpu_quota = 150%\ntasks_max = none\nprivate_network = yes\nread_only = yes\ninterrupted = leave\n',
  )
  t.match(scriptSettings(parsed, 'x'), {
    cpuQuotaPercent: 150,
    tasksMax: undefined,
    hasPrivateNetwork: true,
    isReadOnly: true,
    isRetriedWhenInterrupted: false,
  })
})

for (const { text, says } of [
  {
    text: '[script x]\nparallel = 2',
    says: /\[script x\] parallel: there is no such key in this section/,
  },
  { text: '[script ../x]\nuser = a', says: /\[script \.\.\/x\] user: there is no such section/ },
  { text: '[scripts]\nuser = a b', says: /\[scripts\] user: wants a name/ },
  { text: '[scripts]\nuser =', says: /\[scripts\] user: wants a name/ },
  { text: '[scripts]\ncpu_quota = 0%', says: /cpu_quota: wants a percentage/ },
  { text: '[scripts]\ntasks_max = 1', says: /tasks_max: wants a whole number from 8/ },
  { text: '[scripts]\nmemory_max = 10', says: /memory_max: wants a value from 1M/ },
])
  t.test(`refused: ${text}`, async (t) => {
    t.throws(() => config(text), { message: says })
  })
