/**
 * Where Ganeti looks for scripts, what stands there, and how ours come and go.
 *
 * Ours are links to scripts that stay with the program, so that an upgrade changes them all at once. What stood there before is kept
 * beside it under another name, which Ganeti never looks at. Links are renamed into place: there is no moment without a script, in
 * which Ganeti would set up a NIC by itself.
 */
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import path from 'node:path'
import type { HookCaller, HookFacts, HookState } from '#doctor/hook-findings.js'

/** Where things are: the host's root, or another for tests; and the folder of our own scripts as the host sees it. */
export interface HookPlaces {
  readonly root: string
  readonly scripts: string
}

/** Where the package has our scripts. */
export const installedScripts = '/usr/lib/okeanid/hooks'

interface HookFile {
  /** Below the root. */
  readonly path: string
  readonly caller: HookCaller
  /** File name of our script. */
  readonly script: string
  /** Where what stood there is kept, below the root. */
  readonly kept: string
  /** Where it goes instead if nothing is there: `kept` then leads to it. */
  readonly movedTo?: string
}

/** Ganeti's folders of hooks (HPATH in lib/cmdlib, the same from 3.0 to 3.2): all that is about instances, networks and nodes. */
const hookPaths: readonly string[] = [
  ...[
    ...['add', 'change-group', 'export', 'failover', 'migrate', 'modify', 'move', 'reboot'],
    ...['recreate-disks', 'reinstall', 'remove', 'rename', 'start', 'stop'],
  ].map((change) => `instance-${change}`),
  ...['disk-grow', 'mirrors-replace'],
  ...['add', 'connect', 'disconnect', 'modify', 'remove', 'rename'].map(
    (change) => `network-${change}`,
  ),
  ...['add', 'migrate', 'modify', 'remove'].map((change) => `node-${change}`),
]

const modes = ['bridged', 'routed', 'openvswitch', 'ext']

const hookFiles: readonly HookFile[] = [
  nicHook('etc/ganeti/kvm-vif-bridge', 'kvm-ifup'),
  ...modes.flatMap((mode) =>
    ['up', 'down'].map((action) => {
      const hook = nicHook(`etc/ganeti/network/${mode}/${action}`, 'kvm-nic-setup')
      // the administrator's own scripts of this mode go on to be called: by us
      return mode === 'ext' ? { ...hook, movedTo: `etc/okeanid/ext/${action}` } : hook
    }),
  ),
  ...hookPaths.map((hookPath) => ({
    path: `etc/ganeti/hooks/${hookPath}-post.d/50-okeanid`,
    caller: 'hooks' as const,
    script: 'okeanid-post',
    kept: `etc/ganeti/hooks/${hookPath}-post.d/.before-okeanid`,
  })),
]

function nicHook(file: string, caller: HookCaller): HookFile {
  return { path: file, caller, script: 'okeanid-nic', kept: `${file}.before-okeanid` }
}

/** One thing that was done. */
export interface HookChange {
  readonly path: string
  readonly what: 'installed' | 'removed' | 'restored'
  /** Where the former script is now, or was. */
  readonly kept: string | undefined
}

/** Puts ours in place wherever they are not; a second time there is nothing to do. */
export function installHooks(places: HookPlaces): readonly HookChange[] {
  return ownFiles(places).flatMap((hook): HookChange[] => {
    if (isOurLink(hook, places)) return []
    const file = path.join(places.root, hook.path)
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o755 })
    const kept = entryExists(file) ? keepFormer(hook, places) : undefined
    const temp = path.join(path.dirname(file), '.okeanid-new')
    if (entryExists(temp)) unlinkSync(temp)
    symlinkSync(path.join(places.scripts, hook.script), temp)
    renameSync(temp, file)
    return [{ path: file, what: 'installed', kept }]
  })
}

/** Takes ours away and puts back what stood there; what is not ours stays. */
export function removeHooks(places: HookPlaces): readonly HookChange[] {
  return hookFiles.flatMap((hook): HookChange[] => {
    if (!isOurLink(hook, places)) return []
    const file = path.join(places.root, hook.path)
    const kept = path.join(places.root, hook.kept)
    if (entryExists(kept)) {
      const moved = path.join(places.root, hook.movedTo ?? '')
      const isMoved = hook.movedTo !== undefined && isLinkTo(kept, `/${hook.movedTo}`)
      if (isMoved && entryExists(moved)) renameSync(moved, file)
      else renameSync(kept, file)
      if (entryExists(kept)) unlinkSync(kept)
      return [{ path: file, what: 'restored', kept: isMoved ? moved : kept }]
    }
    unlinkSync(file)
    removeEmpty(path.dirname(file))
    return [{ path: file, what: 'removed', kept: undefined }]
  })
}

/** What stands where Ganeti looks, and which of its programs are there to look. */
export function readHooks(places: HookPlaces): HookFacts {
  const library = path.join(places.root, 'usr/lib/ganeti')
  const callers: HookCaller[] = (['kvm-ifup', 'kvm-nic-setup'] as const).filter((program) =>
    existsSync(path.join(library, program)),
  )
  if (existsSync(library)) callers.push('hooks')
  return {
    callers,
    hooks: ownFiles(places).map((hook) => ({
      path: path.join(places.root, hook.path),
      caller: hook.caller,
      state: stateOf(hook, places),
    })),
  }
}

/** What post hooks have left and nobody has taken; nothing where that cannot be seen. */
export function readWaitingHooks(spool: string): Pick<HookFacts, 'waiting'> {
  try {
    const names = readdirSync(spool).filter((name) => name.endsWith('.json'))
    const times = names.map((name) => lstatSync(path.join(spool, name)).mtimeMs)
    const oldestSeconds = times.length === 0 ? 0 : (Date.now() - Math.min(...times)) / 1000
    return { waiting: { count: names.length, oldestSeconds } }
  } catch {
    return {} // it is root's, or files go while they are looked at
  }
}

/** Those whose script this version of the program has. */
function ownFiles({ root, scripts }: HookPlaces): readonly HookFile[] {
  return hookFiles.filter(
    ({ script }) => script === 'okeanid-nic' || existsSync(path.join(root, scripts, script)),
  )
}

function stateOf(hook: HookFile, places: HookPlaces): HookState {
  const file = path.join(places.root, hook.path)
  if (!entryExists(file)) return 'absent'
  if (!isOurLink(hook, places)) return 'foreign'
  const script = path.join(places.root, places.scripts, hook.script)
  if (!existsSync(script)) return 'dangling'
  return isExecutable(script) ? 'ours' : 'not-executable'
}

function isOurLink(hook: HookFile, { root, scripts }: HookPlaces): boolean {
  return isLinkTo(path.join(root, hook.path), path.join(scripts, hook.script))
}

function isLinkTo(file: string, target: string): boolean {
  const isLink = lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true
  return isLink && readlinkSync(file) === target
}

/** Keeps what stands where ours shall be; where to. What the administrator has written for us is never replaced by it. */
function keepFormer({ path: file, kept, movedTo }: HookFile, { root }: HookPlaces): string {
  const moved = movedTo === undefined ? undefined : path.join(root, movedTo)
  if (moved === undefined || entryExists(moved)) {
    return keep(path.join(root, file), path.join(root, kept))
  }
  const mark = path.join(root, kept)
  if (entryExists(mark)) unlinkSync(mark)
  symlinkSync(`/${movedTo}`, mark)
  return keep(path.join(root, file), moved)
}

/** Keeps a file under a second name, so that it can be replaced; an older kept one gives way to it. */
function keep(file: string, kept: string): string {
  mkdirSync(path.dirname(kept), { recursive: true, mode: 0o755 })
  if (entryExists(kept)) unlinkSync(kept)
  if (lstatSync(file).isSymbolicLink()) {
    symlinkSync(path.resolve(path.dirname(file), readlinkSync(file)), kept)
    return kept
  }
  try {
    linkSync(file, kept)
  } catch {
    copyFileSync(file, kept) // another file system
  }
  return kept
}

function entryExists(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Folders that only we needed. */
function removeEmpty(folder: string): void {
  if (!/\/(?:network|network\/[a-z]+|hooks|hooks\/[a-z-]+-post\.d)$/.test(folder)) return
  try {
    rmdirSync(folder)
  } catch {
    return // there is something in it
  }
  removeEmpty(path.dirname(folder))
}
