import { setImmediate as nextTurn } from 'node:timers/promises'
import { parseIfName } from '#addr/if-name.js'
import { type Binding, type BindingProblem, formatProblem } from '#binding/binding.js'
import { parseBinding } from '#binding/binding-file.js'
import { parseNfdhcpdBinding } from '#binding/nfdhcpd-file.js'
import { createServiceResolver, type ServiceDefaults } from '#binding/resolve.js'
import type { NicService } from '#binding/service.js'
import { err, type Result } from '#result.js'
import { ageMs, readSmallFile } from './binding-file.js'
import { type BindingFolder, createBindingFolder } from './binding-folder.js'
import { createWakeup } from './wakeup.js'

/** What became of one file. Files are told apart by their whole paths. */
export type BindingChange =
  | {
      readonly kind: 'set'
      readonly file: string
      readonly source: 'okeanid' | 'nfdhcpd'
      readonly service: NicService
    }
  | { readonly kind: 'removed'; readonly file: string }

/** What happened beside the bindings, for logs and counters. */
export type BindingNotice =
  | { readonly kind: 'watching'; readonly directory: string }
  | { readonly kind: 'missing-directory' | 'unreadable-directory'; readonly directory: string }
  | { readonly kind: 'loaded'; readonly count: number; readonly tookMs: number }
  /** The file cannot be used: what was read of it before goes on to hold, if anything was. Told once for each version. */
  | {
      readonly kind: 'unusable'
      readonly file: string
      readonly problems: readonly BindingProblem[]
      readonly keepsLast: boolean
    }
  /** The file is used, but for these parts. What is wrong with a network's tags is told for one of its NICs. */
  | {
      readonly kind: 'flawed'
      readonly file: string
      readonly problems: readonly BindingProblem[]
    }

/** Settings of a follower. */
export interface BindingsOptions {
  readonly nicsDirectory: string
  /** Undefined or empty for none. */
  readonly nfdhcpdDirectory: string | undefined
  readonly defaults: ServiceDefaults
  readonly rescanMs: number
  readonly onNotice: (notice: BindingNotice) => void
  readonly signal: AbortSignal
}

/** Most changes handed over at once. */
const batchCount = 512

/** Longest time between two turns of the event loop while files are read. */
const turnMs = 8

/** A damaged file that is younger than this may just be being written: it is read again before anybody hears of it. */
const secondLookMs = 100

/** How many bad tags are remembered as told. */
const maxToldTags = 1000

/** How often a directory that is not there is looked for. */
const missingMs = 1000

/**
 * Follows the files of bindings: yields what they say, first of all that are there, then of each that appears, changes or
 * goes. Ends when the signal aborts; never throws. Files may be renamed into place or written in place.
 *
 * inotify is a trigger only; rescans find what it missed. A file that cannot be used changes nothing: the last good
 * version goes on to hold, so that a slip of the pen takes no guest's address away.
 */
export async function* followBindings(
  options: BindingsOptions,
): AsyncGenerator<readonly BindingChange[]> {
  const { nicsDirectory, nfdhcpdDirectory, onNotice, signal } = options
  const startedMs = performance.now()
  const wakeup = createWakeup(signal)
  const reader = createReader(options)
  const folderOptions = { onNotice, wake: wakeup.wake }
  const folders: BindingFolder[] = [
    createBindingFolder({ ...folderOptions, source: 'okeanid', directory: nicsDirectory }),
  ]
  if (nfdhcpdDirectory !== undefined && nfdhcpdDirectory !== '') {
    folders.push(
      createBindingFolder({ ...folderOptions, source: 'nfdhcpd', directory: nfdhcpdDirectory }),
    )
  }
  let nextScanMs = 0
  let isLoaded = false

  async function scan(): Promise<void> {
    let isMissing = false
    for (const folder of folders) isMissing = (await folder.scan()) !== 'watched' || isMissing
    nextScanMs =
      performance.now() + (isMissing ? Math.min(missingMs, options.rescanMs) : options.rescanMs)
  }

  async function nextBatch(): Promise<readonly BindingChange[]> {
    const changes: BindingChange[] = []
    let turnStartedMs = performance.now()
    for (const folder of folders) {
      for (const file of folder.due()) {
        const change = reader.read(folder, file)
        if (change !== undefined) changes.push(change)
        if (changes.length >= batchCount || signal.aborted) return changes
        if (performance.now() - turnStartedMs <= turnMs) continue
        await nextTurn()
        turnStartedMs = performance.now()
      }
    }
    return changes
  }

  try {
    while (!signal.aborted) {
      if (folders.some((folder) => folder.isStale()) || performance.now() >= nextScanMs)
        await scan()
      const changes = await nextBatch()
      if (changes.length > 0) {
        yield changes
        continue
      }
      if (!isLoaded) {
        isLoaded = true
        const tookMs = performance.now() - startedMs
        onNotice({ kind: 'loaded', count: reader.count(), tookMs })
      }
      const wakeMs = Math.min(nextScanMs, ...folders.map((folder) => folder.nextDueMs()))
      await wakeup.sleep(wakeMs - performance.now())
    }
  } finally {
    for (const folder of folders) folder.close()
  }
}

/** Reads files and says what is wrong with them, once for each version. */
function createReader({ defaults, onNotice }: BindingsOptions): {
  read(folder: BindingFolder, file: string): BindingChange | undefined
  /** How many files hold. */
  count(): number
} {
  const resolve = createServiceResolver(defaults)
  const good = new Set<string>()
  /** Version in which a damaged file was told. */
  const told = new Map<string, string>()
  const toldTags = new Set<string>()

  function refuse(
    folder: BindingFolder,
    { file, signature }: { readonly file: string; readonly signature: string },
    problems: readonly BindingProblem[],
  ): void {
    if (told.get(file) === signature) return
    const leftMs = secondLookMs - ageMs(file)
    if (leftMs > 0) {
      folder.lookAgain(file, leftMs)
      return
    }
    told.set(file, signature)
    onNotice({ kind: 'unusable', file, problems, keepsLast: good.has(file) })
  }

  /** A bad tag is told for one NIC of its network: a thousand others have it as well. */
  function isNews({ network }: NicService, problem: BindingProblem): boolean {
    if (!problem.key.startsWith('okeanid:')) return true
    const flaw = `${network} ${formatProblem(problem)}`
    if (toldTags.has(flaw)) return false
    if (toldTags.size >= maxToldTags) toldTags.clear()
    toldTags.add(flaw)
    return true
  }

  return {
    read(folder, file) {
      const found = readSmallFile(file)
      if (found.kind === 'gone') {
        folder.forget(file)
        told.delete(file)
        return good.delete(file) ? { kind: 'removed', file } : undefined
      }
      const { signature } = found
      folder.note(file, signature)
      if (found.kind === 'unusable') {
        refuse(folder, { file, signature }, [{ key: '', message: found.why }])
        return undefined
      }
      const parsed = parse(folder, file, found.text)
      if (!parsed.ok) {
        refuse(folder, { file, signature }, parsed.problem)
        return undefined
      }
      told.delete(file)
      good.add(file)
      const { service, problems } = resolve(parsed.value)
      const news = problems.filter((problem) => isNews(service, problem))
      if (news.length > 0) onNotice({ kind: 'flawed', file, problems: news })
      return { kind: 'set', file, source: folder.source, service }
    },
    count: () => good.size,
  }
}

function parse(
  { source, nameOf }: BindingFolder,
  file: string,
  text: string,
): Result<Binding, readonly BindingProblem[]> {
  if (source === 'okeanid') return parseBinding(text)
  const tap = parseIfName(nameOf(file))
  return tap === undefined
    ? err([{ key: '', message: 'has a name that no interface has' }])
    : parseNfdhcpdBinding(text, tap)
}
