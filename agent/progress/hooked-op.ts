import { opFactKey } from '#event/message-id.js'
import type { EventTime, Job, JobId, Op } from '#ganeti/job.js'
import { textInput } from '#ganeti/job-decoder.js'

/** What a hook knows of the op that ran it: it is told neither job nor op. */
export interface HookOrigin {
  readonly opcode: string
  /** The instance as the op called it. */
  readonly nameBefore: string
  /** When the hook ran: Unix time. */
  readonly timeMs: number
}

/** An op of an instance that runs, or has succeeded: hooks may come from it. */
export interface HookedOp {
  readonly jobId: JobId
  readonly opIndex: number
  readonly opcode: string
  /** The instance as the op called it. */
  readonly name: string
  /** What it is called after the op has succeeded. */
  readonly nameAfter: string
  /** Unix time. */
  readonly execMs: number
  /** Undefined while it runs. */
  readonly success: { readonly endMs: number; readonly key: string } | undefined
}

/** Opcodes after which the NICs of an instance are told: they have changed, are somewhere else, or are there again. */
const netOpcodes: ReadonlySet<string> = new Set([
  'OP_INSTANCE_CREATE',
  'OP_INSTANCE_STARTUP',
  'OP_INSTANCE_REBOOT',
  'OP_INSTANCE_SET_PARAMS',
  'OP_INSTANCE_MIGRATE',
  'OP_INSTANCE_FAILOVER',
  'OP_INSTANCE_MOVE',
  'OP_INSTANCE_RENAME',
])

/** Whether the NICs of the instance are told after an op of this kind. */
export function isNetOpcode(opcode: string): boolean {
  return netOpcodes.has(opcode)
}

/** The ops of a job from which post hooks may come, or have come. A dry run has none. */
export function hookedOps(job: Job): readonly HookedOp[] {
  return job.ops.flatMap((op, opIndex) => {
    const name = textInput(op, 'instance_name')
    if (name === undefined || op.execTime === undefined || op.input['dry_run'] === true) return []
    if (op.status !== 'running' && op.status !== 'success') return []
    return [
      {
        ...{ jobId: job.id, opIndex, opcode: op.opcode, name, nameAfter: nameAfter(op, name) },
        execMs: milliseconds(op.execTime),
        success:
          op.status === 'success' ? successOf(opIndex, op.endTime ?? job.endTime) : undefined,
      },
    ]
  })
}

/**
 * The op that ran a hook. An op holds its instance alone from its start to its end, and its hooks run between: so instance, opcode and
 * time tell it. Undefined when none of these fits, or more than one: nobody guesses.
 */
export function opOfHook(
  ops: Iterable<HookedOp>,
  { opcode, nameBefore, timeMs }: HookOrigin,
): HookedOp | undefined {
  const matches = new Map<string, HookedOp>()
  for (const op of ops) {
    const isNamed = nameBefore === op.name || nameBefore.startsWith(`${op.name}.`)
    const isThen =
      timeMs >= op.execMs - clockSlackMs &&
      timeMs <= (op.success?.endMs ?? Number.POSITIVE_INFINITY)
    if (op.opcode === opcode && isNamed && isThen) matches.set(`${op.jobId}.${op.opIndex}`, op)
  }
  const [first, ...others] = matches.values()
  return others.length === 0 ? first : undefined
}

/** File systems stamp files by a coarse clock, which is up to a tick behind. */
const clockSlackMs = 20

function successOf(opIndex: number, end: EventTime | undefined): HookedOp['success'] {
  if (end === undefined) return undefined
  return { endMs: milliseconds(end), key: opFactKey(opIndex, 'success', end) }
}

function nameAfter(op: Op, name: string): string {
  return op.opcode === 'OP_INSTANCE_RENAME' ? (textInput(op, 'new_name') ?? name) : name
}

function milliseconds({ seconds, microseconds }: EventTime): number {
  return seconds * 1000 + microseconds / 1000
}
