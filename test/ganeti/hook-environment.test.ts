import t from 'tap'
import {
  formatEnvironment,
  parseEnvironment,
  postHookOf,
  valueAfter,
} from '#ganeti/hook-environment.js'

const common = {
  GANETI_HOOKS_PHASE: 'post',
  GANETI_HOOKS_PATH: 'instance-modify',
  GANETI_OP_CODE: 'OP_INSTANCE_SET_PARAMS',
  GANETI_OBJECT_TYPE: 'INSTANCE',
}

function valuesOf(values: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries({ ...common, ...values }))
}

for (const { name, values, instance } of [
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
    instance: { name: 'vm1', primary: 'n2', tags: ['a', 'okeanid:firewall:0:web'] },
  },
  {
    name: 'no tags any more',
    values: {
      GANETI_INSTANCE_NAME: 'vm1',
      GANETI_INSTANCE_TAGS: 'old',
      GANETI_POST_INSTANCE_TAGS: '',
    },
    instance: { name: 'vm1', primary: undefined, tags: [] },
  },
  {
    name: 'a new name',
    values: { GANETI_INSTANCE_NAME: 'vm1', GANETI_INSTANCE_NEW_NAME: 'vm2' },
    instance: { name: 'vm2', primary: undefined, tags: [] },
  },
  {
    name: 'a migration',
    values: {
      GANETI_INSTANCE_NAME: 'vm1',
      GANETI_POST_INSTANCE_PRIMARY: 'n1',
      GANETI_NEW_PRIMARY: 'n2',
    },
    instance: { name: 'vm1', primary: 'n2', tags: [] },
  },
]) {
  t.test(`a post hook tells: ${name}`, async (t) => {
    t.same(postHookOf(valuesOf(values)), {
      ok: true,
      value: {
        path: 'instance-modify',
        opcode: 'OP_INSTANCE_SET_PARAMS',
        instance: { nameBefore: 'vm1', ...instance },
      },
    })
  })
}

t.test('a hook of a network or a node names no instance', async (t) => {
  const values = valuesOf({
    GANETI_HOOKS_PATH: 'network-add',
    GANETI_OP_CODE: 'OP_NETWORK_ADD',
    GANETI_OBJECT_TYPE: 'NETWORK',
    GANETI_NETWORK_NAME: 'net',
  })
  t.same(postHookOf(values), {
    ok: true,
    value: { path: 'network-add', opcode: 'OP_NETWORK_ADD', instance: undefined },
  })
})

for (const values of [
  { GANETI_HOOKS_PHASE: 'pre', GANETI_INSTANCE_NAME: 'vm1' },
  { GANETI_INSTANCE_NAME: 'None' },
  { GANETI_HOOKS_PATH: '../../etc', GANETI_INSTANCE_NAME: 'vm1' },
  { GANETI_HOOKS_PATH: '', GANETI_INSTANCE_NAME: 'vm1' },
]) {
  t.test(`no post hook: ${JSON.stringify(values)}`, async (t) => {
    t.equal(postHookOf(valuesOf(values)).ok, false)
  })
}

t.test('an environment is text and back, without what a shell adds', async (t) => {
  const values = new Map([
    ['GANETI_INSTANCE_TAGS', "it's=\nodd"],
    ['GANETI_INSTANCE_NIC0_IP', ''],
    ['PATH', '/bin'],
  ])
  const text = formatEnvironment(new Map([...values, ['PWD', '/'], ['OLDPWD', '/x']]))
  t.same(parseEnvironment(text), values)
  t.same(parseEnvironment('x\0=\0=y\0GANETI_=\0'), new Map([['GANETI_', '']]))
  t.equal(valueAfter(values, 'INSTANCE_NIC0_IP'), undefined)
})
