import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/**
 * What must arrive of NICs, told from Ganeti's job files without the agent's code: of each op that has succeeded and after which NICs are
 * told, a message under that op's id; and what came.
 */

/** A `ganeti-net-status`, as far as it is looked at. */
export interface NicBody {
  readonly event_time?: unknown
  readonly instance?: unknown
  readonly jobId?: unknown
  readonly op_index?: unknown
  readonly nics?: unknown
}

/** docs/messages.md, ganeti-net-status. */
const toldAfter: ReadonlySet<unknown> = new Set(
  ['CREATE', 'STARTUP', 'REBOOT', 'SET_PARAMS', 'MIGRATE', 'FAILOVER', 'MOVE', 'RENAME'].map(
    (change) => `OP_INSTANCE_${change}`,
  ),
)

/** The instances of hooks that no op ran: these hooks are told under ids of their own. */
export const loneInstance = (index: number): string => `lone${index}-vm.lab.example`

/** Names what such a hook told: its first NIC is called by its number. */
export function loneFact(instance: unknown, nicName: unknown): string {
  return `NICs of ${instance}: ${nicName}`
}

/** What must arrive of NICs of the jobs from this one on. */
export function readNicFacts(
  queueDirectory: string,
  { clusterUuid, firstJob }: { readonly clusterUuid: string; readonly firstJob: number },
): ReadonlyMap<string, string> {
  const facts = new Map<string, string>()
  for (const name of readdirSync(queueDirectory)) {
    const id = Number(/^job-(\d+)$/.exec(name)?.[1])
    if (!(id >= firstJob)) continue
    const file = path.join(queueDirectory, name)
    const { ops } = JSON.parse(readFileSync(file, 'utf8')) as { readonly ops: readonly QueuedOp[] }
    for (const [index, { input, status, end_timestamp: end }] of ops.entries()) {
      if (status !== 'success' || !toldAfter.has(input['OP_ID']) || input['dry_run'] === true)
        continue
      const messageId = `net.${clusterUuid}.${id}.${index}.success.${end.join('.')}`
      facts.set(opNicFact(id, index, messageId), file)
    }
  }
  return facts
}

interface QueuedOp {
  readonly input: Readonly<Record<string, unknown>>
  readonly status: string
  readonly end_timestamp: readonly number[]
}

function opNicFact(jobId: unknown, opIndex: unknown, messageId: string): string {
  return `NICs after job ${jobId}, op ${opIndex}: ${messageId}`
}

/** What came of NICs from one cluster. */
export interface NicBook {
  readonly disorders: readonly string[]
  /** Ops of which NICs were told under two ids, and hooks that were told without the op that ran them. */
  readonly clashes: readonly string[]
  /** @returns the fact that the message tells */
  enter(messageId: string, body: NicBody): string
}

/**
 * An empty book. Of an instance, nothing may come that is both of an earlier op and of an earlier time than what has come: what
 * `config.data` says of an op whose hook was lost comes later than the next op's hook may, and is newer then.
 */
export function openNicBook(): NicBook {
  const idOfOp = new Map<string, string>()
  const seen = new Map<string, { readonly timeUs: number; readonly jobId: number }[]>()
  const known = new Set<string>()
  const disorders: string[] = []
  const clashes: string[] = []
  return {
    disorders,
    clashes,
    enter(messageId, { event_time: time, instance, jobId, op_index: opIndex, nics }) {
      const isLone = typeof jobId !== 'number'
      const fact = isLone
        ? loneFact(instance, Array.isArray(nics) ? nics[0]?.name : undefined)
        : opNicFact(jobId, opIndex, messageId)
      if (known.has(messageId)) return fact
      known.add(messageId)
      if (isLone && !/^lone\d+-vm\./.test(String(instance)))
        clashes.push(`${messageId}: NICs of ${instance} after no op`)
      const op = isLone ? fact : `job ${jobId}, op ${opIndex}`
      const other = idOfOp.get(op)
      if (other !== undefined) clashes.push(`${op}: ${other}; ${messageId}`)
      idOfOp.set(op, messageId)
      const [seconds, microseconds] = Array.isArray(time) ? time.map(Number) : []
      const now = {
        timeUs: Number(seconds) * 1e6 + Number(microseconds),
        jobId: isLone ? 0 : jobId,
      }
      const earlier = seen.get(String(instance)) ?? []
      if (earlier.some((one) => one.timeUs > now.timeUs && one.jobId >= now.jobId))
        disorders.push(`${instance}: ${fact} came after a newer one`)
      seen.set(String(instance), [...earlier, now])
      return fact
    },
  }
}
