import { encodeEvent } from '#event/encode.js'
import { masterEvent } from '#event/master-event.js'
import type { Outbox } from '#outbox/outbox.js'
import type { Log } from '#service/log.js'
import { loadState, saveState } from '#service/state-file.js'
import type { Task } from '#service/tasks.js'
import type { Mastership } from './cluster-task.js'
import type { EventCounters } from './event-counters.js'
import { appendMessages } from './outbox-append.js'

/** What the task works with. */
export interface MasterParts {
  readonly paths: { readonly masterFile: string }
  readonly log: Log
  readonly counters: EventCounters
  readonly mastership: Mastership
  readonly outbox: Outbox
}

/** The master that this node has seen last. */
interface SeenMaster {
  readonly cluster: string
  readonly master: string
  /** When this node noticed that it is the master now; there until that is told. */
  readonly changedMs?: number
}

/**
 * Tells that this node has become the master in place of another, once. Every node remembers who was the master; a node that never saw
 * another one, as on its first start, tells nothing. The time is on disk before the message, so a crash in between tells the same again.
 */
export function masterTask(parts: MasterParts): Task {
  const { mastership, paths, log } = parts
  return {
    name: 'master',
    async run(signal) {
      const { value } = await loadState(paths.masterFile)
      let seen = parseSeen(value)

      async function remember(next: SeenMaster): Promise<void> {
        seen = next
        await saveState(paths.masterFile, next).catch((error: unknown) =>
          log('error', 'master-not-saved', { error: String(error) }),
        )
      }

      while (!signal.aborted) {
        const standing = mastership.current()
        const { clusterUuid: uuid, isMaster, view } = standing
        const { clusterName: cluster, masterNode: master, ownNode } = view ?? {}
        const isKnown = seen !== undefined && seen.cluster === cluster && seen.master === master
        if (cluster !== undefined && master !== undefined && !isKnown) {
          const isOurs = isMaster && uuid !== undefined && master === ownNode
          if (seen === undefined || seen.cluster !== cluster || master !== ownNode)
            await remember({ cluster, master })
          else if (isOurs) {
            const changedMs: number = seen.changedMs ?? Date.now()
            const previous: string = seen.master
            await remember({ ...seen, changedMs })
            const change = { cluster: { name: cluster, uuid }, master, previous, timeMs: changedMs }
            const message = encodeEvent(masterEvent(change), { node: master, cluster })
            if (!(await appendMessages(parts, [message], signal))) return
            await remember({ cluster, master })
          }
        }
        // it may have changed while this was written down
        if (mastership.current() === standing) await mastership.changed(signal)
      }
    },
  }
}

function parseSeen(value: unknown): SeenMaster | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { cluster, master, changedMs } = value as Partial<Record<string, unknown>>
  if (typeof cluster !== 'string' || typeof master !== 'string') return undefined
  return typeof changedMs === 'number' ? { cluster, master, changedMs } : { cluster, master }
}
