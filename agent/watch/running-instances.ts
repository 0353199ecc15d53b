import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { type IfName, parseIfName } from '#addr/if-name.js'
import type { NicDescription } from '#ganeti/nic-words.js'
import { parseRuntimeFile } from '#ganeti/runtime-file.js'
import { signatureOfFile } from './binding-file.js'
import { createDirectoryFollower } from './directory-follower.js'
import type { FileSignature } from './job-file.js'

/** An instance whose QEMU runs on this node, as Ganeti's KVM hypervisor keeps it in /run. */
export interface RunningInstance {
  readonly name: string
  /** Of its QEMU. */
  readonly pid: number
  /** Its QEMU was started to take over a guest from another node. */
  readonly isIncoming: boolean
  /** As they run, whatever the configuration says by now. */
  readonly nics: readonly NicDescription[]
  /**
   * Taps by the number that each NIC had when it was made. Numbers of NICs that were plugged out are used again, so a number is not
   * a place in {@link nics}.
   */
  readonly taps: readonly { readonly number: number; readonly tap: IfName }[]
  /** What cannot be understood of its files, one sentence each. */
  readonly problems: readonly string[]
}

/** Where they are told, below Ganeti's root. */
export const hypervisorFolder = 'run/ganeti/kvm-hypervisor'

/** A runtime file has some 20 KiB an instance. */
const maxRuntimeBytes = 1 << 20

/** Reads which instances run; what was read of a file is kept for as long as the file is the same. */
export function createInstanceReader(root: string): () => readonly RunningInstance[] {
  const folder = path.join(root, hypervisorFolder)
  let known = new Map<string, { readonly signature: FileSignature; readonly read: RuntimeNics }>()

  function runtimeNics(name: string): RuntimeNics {
    const file = path.join(folder, 'conf', `${name}.runtime`)
    const signature = signatureOfFile(file)
    if (signature === undefined) return { nics: [], problems: [] }
    const found = known.get(name)
    if (found?.signature === signature) return found.read
    const read = readRuntime(file)
    known.set(name, { signature, read })
    return read
  }

  return () => {
    const running = listNames(path.join(folder, 'pid')).flatMap((name) => {
      const live = liveProcess(folder, name)
      if (live === undefined) return []
      const taps = listNames(path.join(folder, 'nic', name)).flatMap((number) => {
        const tap = parseIfName(readText(path.join(folder, 'nic', name, number)) ?? '')
        return tap === undefined || !/^\d{1,3}$/.test(number)
          ? []
          : [{ number: Number(number), tap }]
      })
      return [
        { name, ...live, ...runtimeNics(name), taps: taps.sort((a, b) => a.number - b.number) },
      ]
    })
    const names = new Set(running.map(({ name }) => name))
    known = new Map([...known].filter(([name]) => names.has(name)))
    return running
  }
}

/**
 * Calls back whenever files of the hypervisor change, until the signal aborts. They come with `/run` and go with it, so somebody has to
 * call `ensure` now and then; it tells whether something may have been missed.
 */
export function followInstanceFiles(
  root: string,
  onChange: () => void,
  signal: AbortSignal,
): { ensure(): Promise<boolean> } {
  const followers = ['pid', 'conf', 'nic'].map((name) =>
    createDirectoryFollower(path.join(root, hypervisorFolder, name), onChange),
  )
  signal.addEventListener(
    'abort',
    () => {
      for (const follower of followers) follower.close()
    },
    { once: true },
  )
  return {
    async ensure() {
      const states = await Promise.all(followers.map((follower) => follower.ensure()))
      return states.includes('new')
    },
  }
}

interface RuntimeNics {
  readonly nics: readonly NicDescription[]
  readonly problems: readonly string[]
}

function readRuntime(file: string): RuntimeNics {
  const text = readText(file)
  if (text === undefined) return { nics: [], problems: [] }
  if (text.length > maxRuntimeBytes)
    return { nics: [], problems: [`${file} is larger than ${maxRuntimeBytes} bytes`] }
  const parsed = parseRuntimeFile(text)
  if (!parsed.ok) return { nics: [], problems: [`${file} ${parsed.problem}`] }
  const { nics, problems } = parsed.value
  return { nics, problems: problems.map((problem) => `${file}: ${problem}`) }
}

/** Ganeti's own test: the process is there, and its arguments name the instance (hv_kvm _InstancePidAlive). */
function liveProcess(
  folder: string,
  name: string,
): Pick<RunningInstance, 'pid' | 'isIncoming'> | undefined {
  const text = readText(path.join(folder, 'pid', name))?.trim() ?? ''
  if (!/^[1-9]\d{0,9}$/.test(text)) return undefined
  const args = readText(path.join('/proc', text, 'cmdline'))?.split('\0') ?? []
  const isOurs = args.some(
    (arg, at) => args[at - 1] === '-name' && (arg === name || arg.startsWith(`${name},`)),
  )
  return isOurs ? { pid: Number(text), isIncoming: args.includes('-incoming') } : undefined
}

function listNames(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.'))
      .sort()
  } catch {
    return [] // nothing runs, or nothing has run since the node came up
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined // gone meanwhile
  }
}
