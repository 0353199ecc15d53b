import { err, ok, type Result } from '#result.js'

/** A post hook of Ganeti for which scripts may have to run. */
export interface ScriptHook {
  /** Ganeti's HOOKS_PATH: `instance-start`. */
  readonly operation: string
  /** `OP_INSTANCE_STARTUP` */
  readonly opcode: string
  /** Of what it tells, for people: an instance, a network, a node; empty for the cluster. */
  readonly target: string
  /** Hooks that share one run one after the other, in their order. A rename has two: the old name's, and the new one's. */
  readonly keys: readonly string[]
  /** The job that ran it, when that could be told. */
  readonly job: string | undefined
  /** Ganeti's own variables. */
  readonly environment: ReadonlyMap<string, string>
}

/** What scripts find their programs by: the same as under Ganeti (constants.HOOKS_PATH). */
export const scriptPath = '/sbin:/bin:/usr/sbin:/usr/bin'

/** Longest `NAME=value` that the kernel takes is 128 KiB (linux/binfmts.h, MAX_ARG_STRLEN). */
const maxEntryBytes = 131_000

/**
 * Reads what the dispatcher left: `NAME=value`, each ended by NUL. Whatever is not Ganeti's is passed over: the job that waited for the
 * hook was started by somebody else, whose LD_PRELOAD and NODE_OPTIONS are none of the scripts' business.
 */
export function parseScriptHook(text: string): Result<ScriptHook, string> {
  const environment = new Map<string, string>()
  let job: string | undefined
  for (const entry of text.split('\0')) {
    const end = entry.indexOf('=')
    const [name, value] = [entry.slice(0, Math.max(end, 0)), entry.slice(end + 1)]
    if (name === 'OKEANID_JOB_ID' && /^\d{1,18}$/.test(value)) job = value
    if (!/^GANETI_\w+$/.test(name)) continue
    if (entry.length * 3 > maxEntryBytes && bytesOf(entry) > maxEntryBytes)
      return err(`${name} is longer than a program may be given`)
    environment.set(name, value)
  }
  const word = (name: string): string | undefined => {
    const value = environment.get(`GANETI_${name}`)
    return value === '' || value === 'None' ? undefined : value
  }
  const operation = word('HOOKS_PATH')
  if (word('HOOKS_PHASE') !== 'post' || operation === undefined)
    return err('is no post hook’s environment')
  if (!/^[a-z][a-z0-9-]{0,63}$/.test(operation))
    return err('names no operation that a folder could')
  const instance = word('INSTANCE_NAME')
  const target = instance ?? word('OP_TARGET') ?? word('NETWORK_NAME') ?? word('NODE_NAME') ?? ''
  const kind = instance === undefined ? (word('OBJECT_TYPE') ?? operation) : 'INSTANCE'
  const renamed = instance === undefined ? undefined : word('INSTANCE_NEW_NAME')
  const keys = [target, ...(renamed === undefined ? [] : [renamed])].map(
    (name) => `${kind} ${name}`,
  )
  const opcode = word('OP_CODE') ?? operation
  return ok({ operation, opcode, target, keys, job, environment })
}

/** What a run is told beside Ganeti's words. */
export interface RunWords {
  /** Number of the hook: the same for every run of every script for it. */
  readonly hook: number
  /** Counted from 1. */
  readonly attempt: number
  /** This node's name in the cluster, when there is one. */
  readonly node: string | undefined
}

/** The whole environment of a run, `NAME=value` ended by NUL each; there is nothing else in it. */
export function runEnvironment(
  hook: ScriptHook,
  { hook: number, attempt, node }: RunWords,
): string {
  const own: readonly (readonly [string, string | undefined])[] = [
    ['PATH', scriptPath],
    ['OKEANID_JOB_ID', hook.job],
    ['OKEANID_HOOK_ID', String(number)],
    ['OKEANID_ATTEMPT', String(attempt)],
    ['OKEANID_NODE', node],
  ]
  return [...hook.environment, ...own]
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}\0`]))
    .join('')
}

function bytesOf(text: string): number {
  let bytes = 0
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4
  }
  return bytes
}
