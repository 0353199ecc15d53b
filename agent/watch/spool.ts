import { constants } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises'
import path from 'node:path'
import { systemCode } from '#errors.js'
import { createDirectoryFollower } from './directory-follower.js'
import { lostFileName, newFilePrefix } from './spool-writer.js'
import { createWakeup } from './wakeup.js'

/** A file of a spool, whole. */
export interface SpooledFile {
  /** Within the spool. */
  readonly name: string
  readonly text: string
  /** When it was written last: Unix time. */
  readonly modifiedMs: number
}

/** What happened beside the files, for logs and counters. */
export type SpoolNotice =
  /** So many were refused by a full spool since the last time. */
  | { readonly kind: 'lost'; readonly count: number }
  /** The file cannot be used and was put into the folder `bad`. */
  | { readonly kind: 'bad'; readonly name: string; readonly why: string }
  /** The spool cannot be read, or nothing can be removed from it; told once until it works again. */
  | { readonly kind: 'unusable'; readonly code: string }

/** Settings of a reader. */
export interface SpoolOptions {
  readonly directory: string
  /** Longest file; a longer one is bad. */
  readonly maxBytes: number
  readonly rescanMs: number
  readonly onNotice: (notice: SpoolNotice) => void
  /** Files that the caller has and keeps for later: they are not read again. */
  readonly isHeld?: (name: string) => boolean
  readonly signal: AbortSignal
}

/** A spool that is being read. */
export interface Spool {
  /** The files, in the order in which they were made, some at a time. What was yielded comes again until it is removed or refused. */
  batches(): AsyncGenerator<readonly SpooledFile[]>
  /** These were taken: they go. */
  remove(files: readonly Pick<SpooledFile, 'name'>[]): Promise<void>
  /** This one is of no use: it goes to the folder `bad`, where the last hundred are kept for people. */
  refuse(file: Pick<SpooledFile, 'name'>, why: string): Promise<void>
}

/** Most files of one batch. */
const batchCount = 256

/** Most files that are kept in `bad`. */
const maxBad = 100

/** A half-made file that is older than this has no writer any more. */
const abandonedMs = 60_000

/**
 * Reads a spool that {@link spoolFile} fills, until the signal aborts. Nothing in it is trusted: links are not followed, and what is no
 * file of the right name and size is put aside. inotify wakes the reader; a rescan finds what it missed.
 */
export function openSpool(options: SpoolOptions): Spool {
  const { directory, maxBytes, rescanMs, onNotice, signal } = options
  const isHeld = options.isHeld ?? (() => false)
  const bad = path.join(directory, 'bad')
  /** Dealt with, and still there because the folder does not let them go: they must not be told again and again. */
  const lingering = new Set<string>()
  let isUnusable = false

  async function trying(act: () => Promise<unknown>): Promise<void> {
    try {
      await act()
      isUnusable = false
    } catch (error) {
      const code = systemCode(error)
      if (code === undefined) throw error
      if (code === 'ENOENT') return
      if (!isUnusable) onNotice({ kind: 'unusable', code })
      isUnusable = true
    }
  }

  async function refuse({ name }: Pick<SpooledFile, 'name'>, why: string): Promise<void> {
    lingering.add(name)
    await trying(async () => {
      await mkdir(bad, { recursive: true, mode: 0o750 })
      await rename(path.join(directory, name), path.join(bad, name))
      lingering.delete(name)
      onNotice({ kind: 'bad', name, why })
      const names = (await readdir(bad)).toSorted()
      for (const old of names.slice(0, -maxBad)) await rm(path.join(bad, old), { recursive: true })
    })
  }

  async function tidy(names: readonly string[]): Promise<void> {
    if (names.includes(lostFileName)) {
      const file = path.join(directory, lostFileName)
      await trying(async () => {
        const { size } = await stat(file)
        await unlink(file)
        onNotice({ kind: 'lost', count: size })
      })
    }
    for (const name of names.filter((candidate) => candidate.startsWith(newFilePrefix))) {
      const file = path.join(directory, name)
      await trying(async () => {
        if (Date.now() - (await stat(file)).mtimeMs > abandonedMs) await unlink(file)
      })
    }
  }

  async function list(): Promise<readonly string[]> {
    let names: readonly string[] = []
    await trying(async () => {
      names = await readdir(directory)
    })
    await tidy(names)
    for (const name of lingering) {
      if (names.includes(name)) await removeOne(name)
      else lingering.delete(name)
    }
    return inOrder(
      directory,
      names.filter((name) => !lingering.has(name) && !isHeld(name)),
    )
  }

  async function removeOne(name: string): Promise<void> {
    lingering.add(name)
    await trying(() => unlink(path.join(directory, name)))
    if (!isUnusable) lingering.delete(name)
  }

  async function readBatch(names: readonly string[]): Promise<readonly SpooledFile[]> {
    const files: SpooledFile[] = []
    for (const name of names) {
      const read = await readPlain(path.join(directory, name), maxBytes)
      if (read === undefined) continue
      if ('text' in read) files.push({ name, ...read })
      else await refuse({ name }, read.why)
    }
    return files
  }

  return {
    async *batches() {
      const { wake, sleep } = createWakeup(signal)
      const follower = createDirectoryFollower(directory, wake)
      try {
        while (!signal.aborted) {
          await follower.ensure()
          const names = await list()
          for (let from = 0; from < names.length && !signal.aborted; from += batchCount) {
            const files = await readBatch(names.slice(from, from + batchCount))
            if (files.length > 0) yield files
          }
          await sleep(rescanMs)
        }
      } finally {
        follower.close()
      }
    },
    async remove(files) {
      for (const { name } of files) await removeOne(name)
    },
    refuse,
  }
}

/** `<boot id>.<counter>.<pid>.json` */
const fileNamePattern = /^([0-9a-f-]{36})\.\d{20}\.\d{1,10}\.json$/

/** Boots after one another, by the time of their first file; within a boot the names sort. */
async function inOrder(directory: string, names: readonly string[]): Promise<readonly string[]> {
  const boots = new Map<string, string[]>()
  for (const name of names.toSorted()) {
    const boot = fileNamePattern.exec(name)?.[1]
    if (boot === undefined) continue
    const files = boots.get(boot)
    if (files === undefined) boots.set(boot, [name])
    else files.push(name)
  }
  if (boots.size <= 1) return [...boots.values()].flat()
  const begun = await Promise.all(
    [...boots.values()].map(async (files) => ({
      files,
      beginMs: await modifiedMs(path.join(directory, files[0] ?? '')),
    })),
  )
  return begun.toSorted((a, b) => a.beginMs - b.beginMs).flatMap(({ files }) => files)
}

async function modifiedMs(file: string): Promise<number> {
  try {
    return (await stat(file)).mtimeMs
  } catch {
    return 0
  }
}

/** What is in a plain file; undefined when it is gone. */
async function readPlain(
  file: string,
  maxBytes: number,
): Promise<Omit<SpooledFile, 'name'> | { readonly why: string } | undefined> {
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants
  try {
    await using handle = await open(file, O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
    const stats = await handle.stat()
    if (!stats.isFile()) return { why: 'is no file' }
    if (stats.size > maxBytes) return { why: `is larger than ${maxBytes} bytes` }
    return { text: await handle.readFile('utf8'), modifiedMs: stats.mtimeMs }
  } catch (error) {
    const code = systemCode(error)
    if (code === undefined) throw error
    return code === 'ENOENT' ? undefined : { why: code }
  }
}
