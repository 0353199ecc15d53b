import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { parsePostHook } from '#ganeti/hook-environment.js'

const common = { GANETI_HOOKS_PHASE: 'post', GANETI_OP_CODE: 'OP_INSTANCE_SET_PARAMS' }

function environment(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}\0`)
    .join('')
}

for (const { name, values, hook } of [
  {
    name: 'what is after counts, not what was before',
    values: {
      GANETI_INSTANCE_NAME: 'vm1',
      GANETI_INSTANCE_PRIMARY: 'n1',
      GANETI_INSTANCE_TAGS: 'old',
      GANETI_POST_INSTANCE_NAME: 'vm1',
      GANETI_POST_INSTANCE_PRIMARY: 'n2',
      GANETI_POST_INSTANCE_TAGS: 'a okeanid:firewall:0:web',
    },
    hook: { instance: 'vm1', primary: 'n2', tags: ['a', 'okeanid:firewall:0:web'] },
  },
  {
    name: 'no tags any more',
    values: {
      GANETI_INSTANCE_NAME: 'vm1',
      GANETI_INSTANCE_TAGS: 'old',
      GANETI_POST_INSTANCE_TAGS: '',
    },
    hook: { instance: 'vm1', primary: undefined, tags: [] },
  },
  {
    name: 'a new name',
    values: { GANETI_POST_INSTANCE_NAME: 'vm1', GANETI_INSTANCE_NEW_NAME: 'vm2' },
    hook: { instance: 'vm2', primary: undefined, tags: [] },
  },
  {
    name: 'a migration',
    values: {
      GANETI_INSTANCE_NAME: 'vm1',
      GANETI_POST_INSTANCE_PRIMARY: 'n1',
      GANETI_NEW_PRIMARY: 'n2',
    },
    hook: { instance: 'vm1', primary: 'n2', tags: [] },
  },
]) {
  t.test(`a post hook tells: ${name}`, async (t) => {
    const parsed = parsePostHook(environment({ ...common, ...values, PATH: '/bin', X: 'GANETI_=' }))
    t.same(parsed, { ok: true, value: { opcode: 'OP_INSTANCE_SET_PARAMS', ...hook } })
  })
}

for (const text of [
  '',
  'x',
  '=\0',
  environment({ GANETI_HOOKS_PHASE: 'pre' }),
  environment(common),
]) {
  t.test(`no post hook: ${JSON.stringify(text).slice(0, 40)}`, async (t) => {
    t.equal(parsePostHook(text).ok, false)
  })
}

/** Runs the hook as Ganeti does, with this folder to leave its word in. */
function runHook(spool: string): { readonly status: number | null; readonly said: string } {
  const env = {
    ...common,
    PATH: '/sbin:/bin:/usr/sbin:/usr/bin',
    GANETI_INSTANCE_NAME: 'vm1',
    GANETI_INSTANCE_TAGS: 'a\nb',
    OKEANID_HOOK_SPOOL: spool,
  }
  const { status, stdout, stderr } = spawnSync('hooks/okeanid-post', {
    env,
    cwd: process.cwd(),
    encoding: 'utf8',
  })
  return { status, said: `${stdout}${stderr}` }
}

t.test('the hook leaves its environment whole, for root alone', async (t) => {
  const spool = t.testdir()
  t.same(runHook(spool), { status: 0, said: '' })
  const [file = '', ...others] = readdirSync(spool)
  t.same(others, [])
  const parsed = parsePostHook(readFileSync(path.join(spool, file), 'utf8'))
  t.match(parsed, { ok: true, value: { instance: 'vm1', tags: ['a\nb'] } })
})

t.test(
  'the hook says nothing and fails nothing without a folder, or with one that is full',
  async (t) => {
    const spool = t.testdir()
    t.same(runHook(path.join(spool, 'none')), { status: 0, said: '' })
    for (let i = 0; i < 1000; i++) writeFileSync(path.join(spool, String(i)), '')
    t.same(runHook(spool), { status: 0, said: '' })
    t.equal(readdirSync(spool).length, 1000)
  },
)
