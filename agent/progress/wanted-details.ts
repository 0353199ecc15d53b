import type { FoundInstances } from '#ganeti/instance-config-finder.js'
import type { EventTime, Job, Op } from '#ganeti/job.js'
import { textInput } from '#ganeti/job-decoder.js'
import { isFinal } from '#ganeti/status.js'
import type { Fact } from './timeline.js'

/** An instance whose details a message carries. */
export interface WantedDetails {
  readonly instance: string
  /** Since when the op may have written the instance; undefined for one that need not have written it. */
  readonly writtenSince: EventTime | undefined
  /** When it ended: what Ganeti wrote later knows all that it did. */
  readonly endedAt: EventTime | undefined
}

/** Whether a version of the configuration is one that an op left or a later one, and whether the instance is in it. */
export type DetailsVerdict = 'current' | 'gone' | 'too-old'

/**
 * Judges a version of the configuration for a message: Ganeti may write it just after it has called the job done, and the state before
 * the op would be a lie.
 */
export function judgeDetails(
  { instance: name, writtenSince, endedAt }: WantedDetails,
  { writtenSeconds, instances }: FoundInstances,
): DetailsVerdict {
  const instance = instances.get(name)
  const isNewer =
    writtenSince === undefined || (endedAt !== undefined && writtenSeconds >= inSeconds(endedAt))
  if (instance === undefined) return isNewer ? 'gone' : 'too-old'
  return isNewer || instance.changedSeconds >= inSeconds(writtenSince) ? 'current' : 'too-old'
}

function inSeconds({ seconds, microseconds }: EventTime): number {
  return seconds + microseconds / 1e6
}

/**
 * Opcodes after which an instance may have other NICs, disks, parameters or tags, may run elsewhere, or for the first time as it was
 * changed. Synnefo's eventd had four of them (create, startup, set-params, grow-disk) and forgot the rest.
 */
const changing: ReadonlySet<string> = new Set([
  'OP_INSTANCE_CHANGE_GROUP',
  'OP_INSTANCE_CREATE',
  'OP_INSTANCE_FAILOVER',
  'OP_INSTANCE_GROW_DISK',
  'OP_INSTANCE_MIGRATE',
  'OP_INSTANCE_MOVE',
  'OP_INSTANCE_REBOOT',
  'OP_INSTANCE_RECREATE_DISKS',
  'OP_INSTANCE_REINSTALL',
  'OP_INSTANCE_RENAME',
  'OP_INSTANCE_REPLACE_DISKS',
  'OP_INSTANCE_SET_PARAMS',
  'OP_INSTANCE_SNAPSHOT',
  'OP_INSTANCE_STARTUP',
  'OP_TAGS_DEL',
  'OP_TAGS_SET',
])

/** Those that never succeed without writing the instance or one of its disks (`cfg.Update`, `cfg.AddInstance`). */
const writing: ReadonlySet<string> = new Set([
  'OP_INSTANCE_CREATE',
  'OP_INSTANCE_GROW_DISK',
  'OP_INSTANCE_RENAME',
  'OP_INSTANCE_SET_PARAMS',
  'OP_TAGS_DEL',
  'OP_TAGS_SET',
])

/**
 * The details that the message about this fact carries, if any: of each end of an op that changes an instance, also a failed or
 * canceled one, for it may have come half of its way. Not of a create that failed: there is no instance, or one that nobody should use.
 */
export function wantedDetails(job: Job, fact: Fact): WantedDetails | undefined {
  if (fact.kind !== 'op' || !isFinal(fact.status)) return undefined
  const op = job.ops[fact.opIndex]
  if (op === undefined || !changing.has(op.opcode) || op.status !== fact.status) return undefined
  const isSuccess = fact.status === 'success'
  if (op.opcode === 'OP_INSTANCE_CREATE' && (!isSuccess || isDryRun(op))) return undefined
  const instance = nameAfter(op, isSuccess)
  if (instance === undefined) return undefined
  const hasWritten = isSuccess && writing.has(op.opcode) && !isDryRun(op)
  return { instance, writtenSince: hasWritten ? op.execTime : undefined, endedAt: op.endTime }
}

/** What the instance is called when the op is over. */
function nameAfter(op: Op, isSuccess: boolean): string | undefined {
  if (op.opcode.startsWith('OP_TAGS_'))
    return op.input['kind'] === 'instance' ? textInput(op, 'name') : undefined
  const isRenamed = op.opcode === 'OP_INSTANCE_RENAME' && isSuccess && !isDryRun(op)
  return textInput(op, isRenamed ? 'new_name' : 'instance_name')
}

function isDryRun(op: Op): boolean {
  return op.input['dry_run'] === true
}
