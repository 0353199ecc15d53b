import { err, ok, type Result } from '#result.js'

/** What a post hook of an instance operation says, of what it has become rather than what it was. */
export interface PostHook {
  /** `OP_INSTANCE_SET_PARAMS` and the like. */
  readonly opcode: string
  readonly instance: string
  /** Name of its primary node now. */
  readonly primary: string | undefined
  readonly tags: readonly string[]
}

/** Longest environment that is read, in bytes; with 8 NICs and 16 disks it has some 20 KiB. */
export const maxHookBytes = 262_144

/**
 * Reads the environment of a post hook, `NAME=value` ended by NUL each, as `env -0` writes it. Names of Ganeti are
 * `GANETI_X` for before and `GANETI_POST_X` for after, but for what its own documentation gets wrong: after a rename the new name
 * is `GANETI_INSTANCE_NEW_NAME`, and after a migration the primary is `GANETI_NEW_PRIMARY` (lib/cmdlib/instance_migration.py).
 */
export function parsePostHook(text: string): Result<PostHook, string> {
  const values = new Map<string, string>()
  for (const entry of text.split('\0')) {
    const end = entry.indexOf('=')
    if (end > 0 && entry.startsWith('GANETI_'))
      values.set(entry.slice(7, end), entry.slice(end + 1))
  }
  const after = (name: string): string | undefined => {
    const value = values.get(`POST_${name}`) ?? values.get(name)
    return value === '' || value === 'None' ? undefined : value
  }
  if (values.get('HOOKS_PHASE') !== 'post') return err('is no post hook’s environment')
  const opcode = values.get('OP_CODE')
  const instance = values.get('INSTANCE_NEW_NAME') ?? after('INSTANCE_NAME')
  if (opcode === undefined || instance === undefined)
    return err('names no operation of an instance')
  return ok({
    opcode,
    instance,
    primary: values.get('NEW_PRIMARY') ?? after('INSTANCE_PRIMARY'),
    tags: (after('INSTANCE_TAGS') ?? '').split(' ').filter((tag) => tag !== ''),
  })
}
