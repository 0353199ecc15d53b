import { existsSync } from 'node:fs'
import type { BindingProblem } from '#binding/binding.js'
import { formatProblem } from '#binding/binding.js'
import { createNicTable, type LiveNic, type NicChange } from '#binding/nic-table.js'
import { followLinks } from '#kernel/links.js'
import type { Log } from '#service/log.js'
import type { NodeConfig } from '#service/node-config.js'
import { aborted, type Task } from '#service/tasks.js'
import { type BindingNotice, followBindings } from '#watch/bindings.js'
import { bindingSources } from './binding-sources.js'

/** The NICs of this host, kept right: files joined with interfaces. */
export interface ServedNics {
  /** Follows files and interfaces. */
  readonly task: Task
  /** Resolves when all files were read and all interfaces were told. */
  readonly loaded: Promise<void>
  live(): Iterable<LiveNic>
  /** Files, and those among them that cannot be used. */
  fileCount(): number
  problemCount(): number
}

/** Who hears of NICs that come, change and go. */
export interface NicListener {
  readonly onLive: (nic: LiveNic) => void
  /** @param isTapGone whether its tap is gone too; else only its file is */
  readonly onGone: (nic: LiveNic, isTapGone: boolean) => void
}

/** Joins the bindings of this host with its interfaces for whoever listens. */
export function createServedNics(
  config: NodeConfig,
  log: Log,
  { onLive, onGone }: NicListener,
): ServedNics {
  const table = createNicTable()
  const unusable = new Set<string>()
  const waiting = { files: true, links: true }
  let setLoaded: () => void = () => {}
  const loaded = new Promise<void>((resolve) => {
    setLoaded = resolve
  })

  function ready(what: 'files' | 'links'): void {
    waiting[what] = false
    if (!waiting.files && !waiting.links) setLoaded()
  }

  function apply(changes: readonly NicChange[], isTapGone: boolean): void {
    for (const change of changes) {
      switch (change.kind) {
        case 'live':
          onLive(change.nic)
          break
        case 'gone':
          onGone(change.nic, isTapGone)
          break
        case 'duplicate':
          log('warning', 'binding-duplicate', { file: change.file, instead: change.winner })
          break
      }
    }
  }

  function notice(told: BindingNotice): void {
    if (told.kind === 'loaded') ready('files')
    if (told.kind === 'unusable') unusable.add(told.file)
    logNotice(log, told)
  }

  async function followFiles(signal: AbortSignal): Promise<void> {
    const batches = followBindings({ ...bindingSources(config), onNotice: notice, signal })
    for await (const changes of batches) {
      for (const change of changes) {
        unusable.delete(change.file)
        apply(change.kind === 'set' ? table.put(change) : table.remove(change.file), false)
      }
    }
  }

  return {
    task: {
      name: 'bindings',
      async run(signal) {
        followLinks({
          onLink: (link) => apply(table.linkUp(link), true),
          onGone: (ifindex) => apply(table.linkGone(ifindex), true),
          onResync: () => ready('links'),
          signal,
        })
        await followFiles(signal)
        await aborted(signal)
      },
    },
    loaded,
    live: () => table.live(),
    fileCount: () => table.claimCount(),
    problemCount: () => [...unusable].filter((file) => existsSync(file)).length, // of one that never was usable nobody says that it is gone
  }
}

function logNotice(log: Log, told: BindingNotice): void {
  switch (told.kind) {
    case 'watching':
      return log('info', 'bindings-watched', { directory: told.directory })
    case 'missing-directory':
    case 'unreadable-directory':
      return log('warning', `bindings-${told.kind}`, { directory: told.directory })
    case 'loaded':
      return log('info', 'bindings-loaded', { count: told.count, ms: Math.round(told.tookMs) })
    case 'unusable':
      return log('warning', 'binding-unusable', {
        file: told.file,
        why: texts(told.problems),
        keeps: told.keepsLast ? 'what it said before' : undefined,
      })
    case 'flawed':
      return log('warning', 'binding-flawed', { file: told.file, why: texts(told.problems) })
  }
}

function texts(problems: readonly BindingProblem[]): string {
  return problems.map(formatProblem).join('; ')
}
