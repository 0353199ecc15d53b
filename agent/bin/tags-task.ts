import { setTimeout as delay } from 'node:timers/promises'
import { formatTagsFile, type TagsNotice, tagsMessage, tagsNotice } from '#event/tags-notice.js'
import type { Outbox } from '#outbox/outbox.js'
import type { Log } from '#service/log.js'
import type { Task } from '#service/tasks.js'
import { readInstanceTags } from '#watch/instance-tags.js'
import { keepNewest } from '#watch/tags-folder.js'
import { createWakeup } from '#watch/wakeup.js'
import type { Mastership } from './cluster-task.js'
import type { EventCounters } from './event-counters.js'
import { appendMessages } from './outbox-append.js'

/** Tells primary nodes of tags, as far as the master sees that they may have changed. */
export interface TagsTeller {
  /**
   * Reads the tags of these instances and puts what is for their nodes into the outbox. False when told to stop before that.
   * They are read again a little later: Ganeti may write `config.data` after it has called the job done.
   */
  readonly tell: (instances: readonly string[], signal: AbortSignal) => Promise<boolean>
  readonly task: Task
}

/** What a teller works with. */
export interface TagsParts {
  readonly paths: { readonly dataDirectory: string; readonly tagsSpool: string }
  readonly log: Log
  readonly counters: EventCounters
  readonly mastership: Mastership
  readonly outbox: Outbox
}

/** When tags are read again, counted from the time before. */
const againMs: readonly number[] = [1000, 4000]

/** Most instances whose tags are remembered between two readings. */
const maxRemembered = 10_000

/** A teller for as long as this node is the master; its task must run for the later readings. */
export function createTagsTeller(parts: TagsParts): TagsTeller {
  const told = new Map<string, string>()
  const waiting = new Set<string>()
  let wake = (): void => {}

  async function send(names: ReadonlySet<string>, signal: AbortSignal): Promise<boolean> {
    const { mastership, paths } = parts
    const { clusterUuid, isMaster, view } = mastership.current()
    if (!isMaster || clusterUuid === undefined) return true
    const found = await readInstanceTags(paths.dataDirectory, names)
    if (found === undefined) {
      parts.log('warning', 'tags-unknown', { instances: [...names].join(' ') })
      return true // they are read again
    }
    const timeSeconds = Date.now() / 1000
    const notices = found.map((one) => tagsNotice(one, timeSeconds)).filter(isNews)
    const messages = notices.map((notice) => tagsMessage(notice, clusterUuid))
    if (messages.length > 0 && !(await appendMessages(parts, messages, signal))) return false
    for (const notice of notices) {
      if (told.size >= maxRemembered) told.clear()
      told.set(notice.instance, contentOf(notice))
      if (notice.node === view?.ownNode) await keep(notice)
    }
    return true
  }

  function isNews(notice: TagsNotice): boolean {
    return told.get(notice.instance) !== contentOf(notice)
  }

  /** What is for this node itself needs no broker; the message comes all the same and changes nothing. */
  async function keep(notice: TagsNotice): Promise<void> {
    const { instance, timeSeconds } = notice
    const file = { name: `${instance}.json`, text: formatTagsFile(notice), timeSeconds }
    await keepNewest({ directory: parts.paths.tagsSpool, ...file }).catch((error: unknown) =>
      parts.log('error', 'tags-not-kept', { instance, error: String(error) }),
    )
  }

  return {
    async tell(instances, signal) {
      for (const instance of instances) {
        told.delete(instance)
        waiting.add(instance)
      }
      const isTold = await send(new Set(instances), signal)
      wake()
      return isTold
    },
    task: {
      name: 'tags',
      async run(signal) {
        const wakeup = createWakeup(signal)
        wake = wakeup.wake
        while (!signal.aborted) {
          if (waiting.size === 0) await wakeup.sleep(idleMs)
          const names = new Set(waiting)
          waiting.clear()
          if (names.size === 0) continue
          for (const ms of againMs) {
            await delay(ms, undefined, { signal }).catch(() => undefined)
            if (signal.aborted || !(await send(names, signal))) return
          }
        }
      },
    },
  }
}

/** Nobody is waited for: a day is as good as any time. */
const idleMs = 86_400_000

function contentOf({ node, tags }: TagsNotice): string {
  return `${node} ${tags.join(' ')}`
}
