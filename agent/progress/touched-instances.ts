import type { Job, Op } from '#ganeti/job.js'
import { isJsonObject } from '#ganeti/json-value.js'
import type { Fact } from './timeline.js'

/** Opcodes that may change the tags of an instance, or the NICs that its tags speak of, while it runs. */
const touching: readonly string[] = ['OP_INSTANCE_SET_PARAMS', 'OP_INSTANCE_RENAME']
const touchingTags: readonly string[] = ['OP_TAGS_SET', 'OP_TAGS_DEL']

/** The instances of which these facts say that an op which may have changed their tags or NICs has succeeded, each once. */
export function touchedInstances(job: Job, facts: readonly Fact[]): readonly string[] {
  const names = facts.flatMap((fact) => {
    if (fact.kind !== 'op' || fact.status !== 'success') return []
    const op = job.ops[fact.opIndex]
    return op === undefined ? [] : namesOf(op)
  })
  return [...new Set(names)]
}

function namesOf({ opcode, input }: Op): readonly string[] {
  if (!isJsonObject(input)) return []
  const key = touchingTags.includes(opcode)
    ? input['kind'] === 'instance' && 'name'
    : touching.includes(opcode) && 'instance_name'
  if (key === false) return []
  return [input[key], input['new_name']].filter((name) => typeof name === 'string')
}
