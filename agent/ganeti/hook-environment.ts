import { err, ok, type Result } from '#result.js'

/** What Ganeti's hook was run with: variables by name. */
export type HookValues = ReadonlyMap<string, string>

/** What a post hook says, of what things have become rather than what they were. */
export interface PostHook {
  /** Which hook, without its phase: `instance-modify`; a folder of Ganeti's. */
  readonly path: string
  /** `OP_INSTANCE_SET_PARAMS` and the like. */
  readonly opcode: string
  /** The instance, if it is an operation of one. */
  readonly instance: HookedInstance | undefined
}

/** An instance after an operation. */
export interface HookedInstance {
  readonly name: string
  /** As the operation called it; not the same after a rename. */
  readonly nameBefore: string
  /** Name of its primary node now. */
  readonly primary: string | undefined
  readonly tags: readonly string[]
}

/** Longest environment that is read, in bytes; with 8 NICs and 16 disks it has some 20 KiB. */
export const maxHookBytes = 262_144

/** Reads `NAME=value` ended by NUL each, as `env -0` writes it: Ganeti's variables, and PATH. */
export function parseEnvironment(text: string): HookValues {
  const values = new Map<string, string>()
  for (const entry of text.split('\0')) {
    const end = entry.indexOf('=')
    const name = entry.slice(0, Math.max(0, end))
    if (isHookVariable(name)) values.set(name, entry.slice(end + 1))
  }
  return values
}

/** The text that {@link parseEnvironment} reads, without what a shell adds to its environment by itself. */
export function formatEnvironment(values: HookValues): string {
  return [...values]
    .filter(([name, value]) => isHookVariable(name) && !value.includes('\0'))
    .map(([name, value]) => `${name}=${value}\0`)
    .join('')
}

/**
 * Reads what a post hook was run with. Names of Ganeti are `GANETI_X` for before and `GANETI_POST_X` for after, but for what its own
 * documentation gets wrong: after a rename the new name is `GANETI_INSTANCE_NEW_NAME`, and after a migration the primary is
 * `GANETI_NEW_PRIMARY` (lib/cmdlib/instance_migration.py).
 */
export function postHookOf(values: HookValues): Result<PostHook, string> {
  if (values.get('GANETI_HOOKS_PHASE') !== 'post') return err('is no post hook’s environment')
  const path = values.get('GANETI_HOOKS_PATH') ?? ''
  const opcode = values.get('GANETI_OP_CODE')
  if (opcode === undefined || !/^[a-z][a-z0-9-]{0,63}$/.test(path))
    return err('names no operation of Ganeti’s')
  if (!path.startsWith('instance-') && values.get('GANETI_OBJECT_TYPE') !== 'INSTANCE')
    return ok({ path, opcode, instance: undefined })
  const instance = instanceOf(values)
  return instance === undefined ? err('names no instance') : ok({ path, opcode, instance })
}

/** The value of a variable after the operation; undefined when it is absent, empty, or Python's None. */
export function valueAfter(values: HookValues, name: string): string | undefined {
  return known(values.get(`GANETI_POST_${name}`) ?? values.get(`GANETI_${name}`))
}

/** A value that says something: Ganeti writes an empty text or Python's word where there is none. */
export function known(value: string | undefined): string | undefined {
  return value === '' || value === 'None' ? undefined : value
}

function instanceOf(values: HookValues): HookedInstance | undefined {
  const nameBefore =
    known(values.get('GANETI_INSTANCE_NAME')) ?? valueAfter(values, 'INSTANCE_NAME')
  const name = known(values.get('GANETI_INSTANCE_NEW_NAME')) ?? valueAfter(values, 'INSTANCE_NAME')
  if (name === undefined || nameBefore === undefined) return undefined
  return {
    name,
    nameBefore,
    primary: known(values.get('GANETI_NEW_PRIMARY')) ?? valueAfter(values, 'INSTANCE_PRIMARY'),
    tags: (valueAfter(values, 'INSTANCE_TAGS') ?? '').split(' ').filter((tag) => tag !== ''),
  }
}

function isHookVariable(name: string): boolean {
  return name === 'PATH' || name.startsWith('GANETI_')
}
