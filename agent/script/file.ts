/** What is known of an entry of a folder of scripts, links followed. */
export interface ScriptFile {
  readonly name: string
  readonly kind: 'file' | 'other' | 'missing'
  readonly owner: number
  /** Permission bits. */
  readonly mode: number
  /** The first folder on the way to it that somebody other than root could change names in, if there is one. */
  readonly openFolder: string | undefined
}

/**
 * Whether an entry is a script to run.
 *
 * - `ignored`: none of Ganeti's names for hooks (pathutils, EXT_PLUGIN_MASK), as editors' copies have
 * - `off`: not executable, which is how an administrator switches one off
 * - `refused`: whoever can write it could do as root whatever he likes
 */
export type Verdict =
  | { readonly kind: 'run' }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'off' }
  | { readonly kind: 'refused'; readonly why: string }

/** Longest name: it becomes part of a unit's. */
const maxNameLength = 100

/** Judges one entry. */
export function judge({ name, kind, owner, mode, openFolder }: ScriptFile): Verdict {
  if (!/^[A-Za-z0-9_-]+$/.test(name)) return { kind: 'ignored' }
  if (name.length > maxNameLength)
    return { kind: 'refused', why: `its name is longer than ${maxNameLength} characters` }
  if (kind === 'missing') return { kind: 'refused', why: 'it is a link to nothing' }
  if (kind === 'other') return { kind: 'refused', why: 'it is no file' }
  if ((mode & 0o111) === 0) return { kind: 'off' }
  if (owner !== 0) return { kind: 'refused', why: `it belongs to user ${owner}; chown root` }
  if ((mode & 0o022) !== 0)
    return { kind: 'refused', why: 'others than root may write it; chmod go-w' }
  if (openFolder !== undefined)
    return {
      kind: 'refused',
      why: `others than root may change ${openFolder}; chown root, chmod go-w`,
    }
  return { kind: 'run' }
}

/** Whether others than root could put another file in the place of one in this folder. A sticky one, as /tmp is, lets only owners do so. */
export function isOpenFolder({ owner, mode }: Pick<ScriptFile, 'owner' | 'mode'>): boolean {
  return owner !== 0 || ((mode & 0o022) !== 0 && (mode & 0o1000) === 0)
}
