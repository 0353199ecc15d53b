import { encodeEvent } from '#event/encode.js'
import type { Event } from '#event/event.js'
import type { Message } from '#event/message.js'
import { type FactOrigin, nodeEvent } from '#event/node-event.js'
import { maxFactBytes, type NodeFact, parseFact } from '#event/node-fact.js'
import type { Outbox } from '#outbox/outbox.js'
import { err, ok, type Result } from '#result.js'
import type { Log } from '#service/log.js'
import type { NodeConfig } from '#service/node-config.js'
import type { Task } from '#service/tasks.js'
import { openSpool, type SpooledFile, type SpoolNotice } from '#watch/spool.js'
import type { Mastership } from './cluster-task.js'
import type { EventCounters } from './event-counters.js'
import { appendMessages } from './outbox-append.js'

/** What the task works with. */
export interface SpoolParts {
  readonly config: Pick<NodeConfig, 'broker' | 'prefixes'>
  readonly log: Log
  readonly counters: EventCounters
  readonly mastership: Mastership
  readonly outbox: Outbox
}

/** A spool and how its files are read. */
export interface SpoolSource {
  readonly directory: string
  /** The event that a file tells; why not, when it is none that this spool's writer may tell. Never throws. */
  readonly read: (text: string, origin: FactOrigin) => Result<Event, string>
}

/** Reads facts about NICs and guests, of which a writer may tell some: who parses the bytes of guests must not say that one exited. */
export function readNodeFact(accepts: (fact: NodeFact) => boolean): SpoolSource['read'] {
  return (text, origin) => {
    const parsed = parseFact(text)
    if (!parsed.ok) return parsed
    return accepts(parsed.value.fact)
      ? ok(nodeEvent(parsed.value, origin))
      : err(`is not this spool’s to tell: ${parsed.value.fact.status}`)
  }
}

/** How often a spool is listed when nothing tells of a file. */
const rescanMs = 5000

/**
 * Takes what was left in a spool, in order: message, outbox, and only then the file goes. A crash in between tells the same again, with the
 * same id. Where there is no broker nobody wants to know, and the files just go.
 */
export function spoolTask(parts: SpoolParts, { directory, read }: SpoolSource): Task {
  const { config, mastership } = parts
  return {
    name: `spool ${directory}`,
    async run(signal) {
      const onNotice = (notice: SpoolNotice): void => tell(parts, directory, notice)
      const spool = openSpool({ directory, maxBytes: maxFactBytes, rescanMs, onNotice, signal })
      for await (const files of spool.batches()) {
        if (config.broker.enabled && !(await isPlaced(mastership, signal))) return
        const { messages, refused } = messagesOf(parts, files, read)
        for (const { file, why } of refused) await spool.refuse(file, why)
        if (config.broker.enabled && messages.length > 0) {
          if (!(await appendMessages(parts, messages, signal))) return
        }
        await spool.remove(files.filter((file) => !refused.some((other) => other.file === file)))
      }
    },
  }
}

/** Waits until this node has a name in a cluster: messages carry both. */
async function isPlaced(mastership: Mastership, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted && mastership.current().view?.ownNode === undefined)
    await mastership.changed(signal)
  return !signal.aborted
}

function messagesOf(
  { config, mastership }: SpoolParts,
  files: readonly SpooledFile[],
  read: SpoolSource['read'],
): {
  readonly messages: readonly Message[]
  readonly refused: readonly { readonly file: SpooledFile; readonly why: string }[]
} {
  const { view } = mastership.current()
  const origin = { node: view?.ownNode ?? '', cluster: view?.clusterName ?? '' }
  const messages: Message[] = []
  const refused: { readonly file: SpooledFile; readonly why: string }[] = []
  for (const file of files) {
    const event = read(file.text, { ...origin, prefixes: config.prefixes })
    if (event.ok) messages.push(encodeEvent(event.value, origin))
    else refused.push({ file, why: event.problem })
  }
  return { messages, refused }
}

function tell({ log, counters }: SpoolParts, directory: string, notice: SpoolNotice): void {
  switch (notice.kind) {
    case 'lost':
      counters.spoolLost.add(notice.count)
      return log('error', 'spool-overflowed', { directory, lost: notice.count })
    case 'bad':
      counters.spoolBad.add()
      return log('warning', 'spool-file-bad', {
        directory,
        file: notice.name,
        why: notice.why,
      })
    case 'unusable':
      return log('error', 'spool-unusable', { directory, code: notice.code })
  }
}
