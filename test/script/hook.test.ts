import fc from 'fast-check'
import t from 'tap'
import { parseScriptHook, runEnvironment } from '#script/hook.js'

const block = (values: Readonly<Record<string, string>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${value}\0`)
    .join('')

const start = {
  GANETI_HOOKS_PHASE: 'post',
  GANETI_HOOKS_PATH: 'instance-start',
  GANETI_OP_CODE: 'OP_INSTANCE_STARTUP',
  GANETI_OBJECT_TYPE: 'INSTANCE',
  GANETI_OP_TARGET: 'vm1.example.org',
  GANETI_INSTANCE_NAME: 'vm1.example.org',
}

t.test('a hook says of what it is', async (t) => {
  const hook = parseScriptHook(block({ ...start, OKEANID_JOB_ID: '4711' }))
  t.match(hook, {
    ok: true,
    value: {
      operation: 'instance-start',
      opcode: 'OP_INSTANCE_STARTUP',
      target: 'vm1.example.org',
      keys: ['INSTANCE vm1.example.org'],
      job: '4711',
    },
  })
})

t.test('a rename is ordered with the old name and with the new one', async (t) => {
  const hook = parseScriptHook(block({ ...start, GANETI_INSTANCE_NEW_NAME: 'vm2.example.org' }))
  t.strictSame(hook.ok && hook.value.keys, ['INSTANCE vm1.example.org', 'INSTANCE vm2.example.org'])
})

t.test('a network and an instance of one name are not ordered with each other', async (t) => {
  const hook = parseScriptHook(
    block({
      GANETI_HOOKS_PHASE: 'post',
      GANETI_HOOKS_PATH: 'network-add',
      GANETI_OBJECT_TYPE: 'NETWORK',
      GANETI_NETWORK_NAME: 'vm1.example.org',
    }),
  )
  t.strictSame(hook.ok && hook.value.keys, ['NETWORK vm1.example.org'])
})

for (const c of [
  { name: 'nothing', text: '', says: /no post hook/ },
  {
    name: 'a pre hook',
    text: block({ ...start, GANETI_HOOKS_PHASE: 'pre' }),
    says: /no post hook/,
  },
  {
    name: 'an operation that leads out of its folder',
    text: block({ ...start, GANETI_HOOKS_PATH: '../../tmp/x' }),
    says: /no operation/,
  },
  {
    name: 'a value that no program can be given',
    text: block({ ...start, GANETI_INSTANCE_TAGS: 'é'.repeat(70_000) }),
    says: /GANETI_INSTANCE_TAGS is longer/,
  },
]) {
  t.test(`refused: ${c.name}`, async (t) => {
    const hook = parseScriptHook(c.text)
    t.match(hook.ok ? '' : hook.problem, c.says)
  })
}

t.test('a script is told Ganeti’s words and ours, and nothing else', async (t) => {
  const foreign = {
    LD_PRELOAD: '/tmp/evil.so',
    NODE_OPTIONS: '--require=/tmp/x',
    PATH: '/tmp',
    BASH_ENV: '/tmp/x',
    'BASH_FUNC_ls%%': '() { evil; }',
    'GANETI_X%%': 'y',
    OKEANID_NODE: 'other',
    OKEANID_JOB_ID: '12; rm',
  }
  const hook = parseScriptHook(block({ ...foreign, ...start, GANETI_INSTANCE_TAGS: 'a\nb=c "$d"' }))
  t.equal(
    hook.ok && runEnvironment(hook.value, { hook: 7, attempt: 2, node: 'n1.example.org' }),
    block({
      ...start,
      GANETI_INSTANCE_TAGS: 'a\nb=c "$d"',
      PATH: '/sbin:/bin:/usr/sbin:/usr/bin',
      OKEANID_HOOK_ID: '7',
      OKEANID_ATTEMPT: '2',
      OKEANID_NODE: 'n1.example.org',
    }),
  )
})

t.test(
  'whatever bytes there are, reading them never throws, and no name of others passes',
  async () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.string())), (entries) => {
        const hook = parseScriptHook(block({ ...Object.fromEntries(entries), ...start }))
        if (!hook.ok) return false
        const told = runEnvironment(hook.value, { hook: 1, attempt: 1, node: undefined })
        const names = told
          .split('\0')
          .slice(0, -1)
          .map((entry) => entry.split('=')[0] ?? '')
        return names.every((name) =>
          /^(?:GANETI_\w+|PATH|OKEANID_(?:JOB_ID|HOOK_ID|ATTEMPT))$/.test(name),
        )
      }),
    )
  },
)
