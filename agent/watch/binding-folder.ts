import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { parseIfName } from '#addr/if-name.js'
import { signatureOfFile } from './binding-file.js'
import type { BindingNotice } from './bindings.js'
import { createDirectoryFollower } from './directory-follower.js'
import { type FileSignature, signatureOf } from './job-file.js'

/** A directory of bindings: which of its files have to be read, and when. */
export interface BindingFolder {
  readonly source: 'okeanid' | 'nfdhcpd'
  /** A file's name within the directory. */
  readonly nameOf: (file: string) => string
  /** Sees to the watch and looks for what it missed. Never throws. */
  scan(): Promise<'watched' | 'missing'>
  /** Whether the directory itself went or came, so that a scan is due. */
  isStale(): boolean
  /** Files to read now; each is told once. */
  due(): Iterable<string>
  /** When the next file has to be read, by the monotonic clock; infinite for never. */
  nextDueMs(): number
  /** This version of the file was read. */
  note(file: string, signature: FileSignature): void
  forget(file: string): void
  lookAgain(file: string, afterMs: number): void
  close(): void
}

/**
 * nfdhcpd's files are written in place, line by line: they are read when they were quiet for so long, or after the longer
 * time all the same. Ours are renamed into place.
 */
const quietMs = 20
const longestQuietMs = 500

/**
 * How many files a scan compares with what was read, in turn: changes in place that inotify lost are found so. Ten scans see all, unless
 * they are very many.
 */
function comparedPerScan(fileCount: number): number {
  return Math.min(Math.max(20, Math.ceil(fileCount / 10)), 500, fileCount)
}

/** A folder of one kind of files. */
export function createBindingFolder({
  source,
  directory,
  onNotice,
  wake,
}: {
  readonly source: 'okeanid' | 'nfdhcpd'
  readonly directory: string
  readonly onNotice: (notice: BindingNotice) => void
  readonly wake: () => void
}): BindingFolder {
  const versions = new Map<string, FileSignature>()
  const pending = new Map<string, { readonly firstMs: number; readonly dueMs: number }>()
  const follower = createDirectoryFollower(directory, onName)
  let isStale = true
  let listedVersion: string | undefined
  let told: string | undefined
  let compared: Iterator<readonly [string, FileSignature]> = versions.entries()

  function onName(name: string | undefined): void {
    if (name === undefined) isStale = true
    else if (isBindingName(source, name)) touch(path.join(directory, name))
    else return
    wake()
  }

  function touch(file: string): void {
    const nowMs = performance.now()
    const firstMs = pending.get(file)?.firstMs ?? nowMs
    const dueMs = source === 'okeanid' ? nowMs : Math.min(nowMs + quietMs, firstMs + longestQuietMs)
    pending.set(file, { firstMs, dueMs })
  }

  function readNow(file: string): void {
    pending.set(file, { firstMs: 0, dueMs: 0 })
  }

  function tell(kind: 'watching' | 'missing-directory' | 'unreadable-directory'): void {
    if (told !== kind || kind === 'watching') onNotice({ kind, directory })
    told = kind
  }

  async function list(): Promise<void> {
    const version = await directoryVersion(directory)
    if (version !== undefined && version === listedVersion) return
    const names = await readdir(directory)
    listedVersion = version
    const present = new Set<string>()
    for (const name of names) {
      if (isBindingName(source, name)) present.add(path.join(directory, name))
    }
    for (const file of present) if (!versions.has(file) && !pending.has(file)) readNow(file)
    for (const file of versions.keys()) if (!present.has(file)) readNow(file)
  }

  function compare(): void {
    for (let left = comparedPerScan(versions.size); left > 0; left--) {
      const next = compared.next()
      if (next.done) {
        compared = versions.entries()
        continue
      }
      const [file, signature] = next.value
      if (signatureOfFile(file) !== signature) touch(file)
    }
  }

  return {
    source,
    nameOf: (file) => path.basename(file),
    async scan() {
      isStale = false
      const state = await follower.ensure()
      if (state === 'missing' || state === 'unreadable') {
        tell(state === 'missing' ? 'missing-directory' : 'unreadable-directory')
        listedVersion = undefined
        // what is in a directory that is not there is gone; what may not be looked at may still be there
        if (state === 'missing') for (const file of versions.keys()) readNow(file)
        return 'missing'
      }
      if (state === 'new') {
        tell('watching')
        listedVersion = undefined
      }
      try {
        await list()
      } catch {
        tell('unreadable-directory')
        return 'missing'
      }
      compare()
      return 'watched'
    },
    isStale: () => isStale,
    *due() {
      const nowMs = performance.now()
      for (const [file, { dueMs }] of pending) {
        if (dueMs > nowMs) continue
        pending.delete(file)
        yield file
      }
    },
    nextDueMs() {
      let earliestMs = Number.POSITIVE_INFINITY
      for (const { dueMs } of pending.values()) earliestMs = Math.min(earliestMs, dueMs)
      return earliestMs
    },
    note: (file, signature) => void versions.set(file, signature), // a map's answer is of no use here
    forget: (file) => void versions.delete(file),
    lookAgain(file, afterMs) {
      const nowMs = performance.now()
      pending.set(file, { firstMs: nowMs, dueMs: nowMs + afterMs })
    },
    close: () => follower.close(),
  }
}

/** Whether a file of this name is a binding: temporary files and what editors leave are not. */
function isBindingName(source: 'okeanid' | 'nfdhcpd', name: string): boolean {
  if (source === 'okeanid') return name.endsWith('.json') && !name.startsWith('.')
  return !name.startsWith('.') && parseIfName(name) !== undefined
}

/** Changes when an entry appears, goes or is renamed; undefined while another change could still get the same stamp. */
async function directoryVersion(directory: string): Promise<string | undefined> {
  const stats = await stat(directory)
  return Math.abs(Date.now() - stats.ctimeMs) < 50 ? undefined : signatureOf(stats)
}
