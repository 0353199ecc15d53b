import { err, ok, type Result } from '#result.js'
import {
  type Job,
  type LogEntry,
  type LogLine,
  maxLogSerial,
  type Op,
  parseEventTime,
  parseJobId,
} from './job.js'
import { createJsonScanner, type JsonPath, type JsonProblem } from './json-scanner.js'
import type { JsonValue } from './json-value.js'
import { isJsonArray, isJsonObject } from './json-value.js'
import { parseOpStatus } from './status.js'

/** Why a queue file is not a job: damaged JSON, or JSON of another shape. */
export type JobProblem = JsonProblem | { readonly kind: 'shape'; readonly what: string }

/** Reads one job file, slice by slice. */
export interface JobDecoder {
  write(slice: Uint8Array): void
  end(): Result<Job, JobProblem>
}

/** A single parameter, result or log line beyond this is left out of the job, never the job itself. */
const maxValueBytes = 64 * 1024

/** Longest log line that is kept beside the newest entry. */
const maxLineLength = 1000

/** More ops than this is no job of Ganeti's. */
const maxOpCount = 100_000

/**
 * Parameters that are read from an opcode's input. Anything else, secrets included (`osparams_private`,
 * `x509_key_name` …), is passed over byte by byte and never becomes a string.
 */
const inputKeys: ReadonlySet<string> = new Set([
  'OP_ID',
  'add_reserved_ips',
  'beparams',
  'disks',
  'dry_run',
  'gateway',
  'gateway6',
  'group_name',
  'hvparams',
  'instance_name',
  'instances',
  'kind',
  'mac_prefix',
  'name',
  'network',
  'network6',
  'network_link',
  'network_mode',
  'network_name',
  'network_vlan',
  'new_name',
  'nics',
  'node_name',
  'remove_reserved_ips',
  'tags',
])

const jobKeys: ReadonlySet<string> = new Set([
  'id',
  'received_timestamp',
  'start_timestamp',
  'end_timestamp',
])

const opKeys: ReadonlySet<string> = new Set([
  'status',
  'result',
  'start_timestamp',
  'exec_timestamp',
  'end_timestamp',
])

interface RawOp {
  readonly fields: Map<string, JsonValue | undefined>
  input: { [key: string]: JsonValue }
  lastLog: JsonValue | undefined
  readonly log: LogLine[]
}

/** Opens a decoder for one job file. Memory does not grow with the file: of a log the newest entry and the first lines are kept. */
export function createJobDecoder(): JobDecoder {
  const fields = new Map<string, JsonValue | undefined>()
  const ops: RawOp[] = []
  let hasTooManyOps = false

  function opAt(path: JsonPath): RawOp | undefined {
    const index = path[1]
    if (typeof index !== 'number') return undefined
    hasTooManyOps ||= index >= maxOpCount
    if (hasTooManyOps) return undefined
    while (ops.length <= index)
      ops.push({ fields: new Map(), input: {}, lastLog: undefined, log: [] })
    return ops[index]
  }

  const scanner = createJsonScanner(
    {
      choose: chooseOfJob,
      take(path, value) {
        const [root, , part, key] = path
        if (root !== 'ops') return void fields.set(String(root), value)
        const op = opAt(path)
        if (op === undefined) return
        if (part === 'input' && typeof key === 'string') setInput(op, key, value)
        else if (part === 'log') addLog(op, value)
        else op.fields.set(String(part), value)
      },
    },
    maxValueBytes,
  )

  return {
    write: scanner.write,
    end() {
      const outcome = scanner.end()
      if (hasTooManyOps) return shape(`there are more than ${maxOpCount} ops`)
      return outcome.ok ? assemble(fields, ops) : outcome
    },
  }
}

/** Reads a whole job file that is in memory already. */
export function decodeJob(bytes: Uint8Array): Result<Job, JobProblem> {
  const decoder = createJobDecoder()
  decoder.write(bytes)
  return decoder.end()
}

function chooseOfJob(path: JsonPath): 'enter' | 'take' | 'skip' {
  const [root, index, part] = path
  if (root !== 'ops') return path.length === 1 && jobKeys.has(String(root)) ? 'take' : 'skip'
  if (path.length === 1 || (path.length === 2 && typeof index === 'number')) return 'enter'
  if (part === 'input' || part === 'log') return path.length === 3 ? 'enter' : chooseInside(path)
  return path.length === 3 && opKeys.has(String(part)) ? 'take' : 'skip'
}

function chooseInside(path: JsonPath): 'take' | 'skip' {
  return path[2] === 'log' || inputKeys.has(String(path[3])) ? 'take' : 'skip'
}

function setInput(op: RawOp, key: string, value: JsonValue | undefined): void {
  // OP_INSTANCE_MULTI_ALLOC carries whole opcodes here, with their secrets; others carry names
  if (key === 'instances' && !isListOfTexts(value)) return
  if (value !== undefined) op.input[key] = value
}

function addLog(op: RawOp, value: JsonValue | undefined): void {
  op.lastLog = value ?? op.lastLog
  const entry = parseLogEntry(value)
  if (entry?.type !== 'message' || typeof entry.message !== 'string') return
  const { serial, time, message } = entry
  const isKept = serial <= maxLogSerial && op.log.length < maxLogSerial
  if (isKept) op.log.push({ serial, time, text: cut(message) })
}

/** A copy: a slice of a string would keep all of it in memory. */
function cut(text: string): string {
  if (text.length <= maxLineLength) return text
  return new TextDecoder().decode(new TextEncoder().encode(text.slice(0, maxLineLength)))
}

function isListOfTexts(value: JsonValue | undefined): boolean {
  return isJsonArray(value) && value.every((item) => typeof item === 'string')
}

function assemble(
  fields: ReadonlyMap<string, JsonValue | undefined>,
  rawOps: readonly RawOp[],
): Result<Job, JobProblem> {
  const id = parseJobId(fields.get('id'))
  if (id === undefined) return shape('id is not a job number')
  if (rawOps.length === 0) return shape('there are no ops')
  const ops: Op[] = []
  for (const [index, raw] of rawOps.entries()) {
    const op = assembleOp(raw)
    if (op === undefined) return shape(`ops[${index}] has no known status`)
    ops.push(op)
  }
  return ok({
    id,
    receivedTime: parseEventTime(fields.get('received_timestamp')),
    startTime: parseEventTime(fields.get('start_timestamp')),
    endTime: parseEventTime(fields.get('end_timestamp')),
    ops,
  })
}

function assembleOp({ fields, input, lastLog, log }: RawOp): Op | undefined {
  const status = parseOpStatus(fields.get('status'))
  if (status === undefined) return undefined
  const opcode = input['OP_ID']
  return {
    opcode: typeof opcode === 'string' ? opcode : 'OP_UNKNOWN',
    input,
    status,
    result: fields.get('result'),
    lastLog: parseLogEntry(lastLog),
    log,
    startTime: parseEventTime(fields.get('start_timestamp')),
    execTime: parseEventTime(fields.get('exec_timestamp')),
    endTime: parseEventTime(fields.get('end_timestamp')),
  }
}

function parseLogEntry(value: JsonValue | undefined): LogEntry | undefined {
  if (!Array.isArray(value) || value.length !== 4) return undefined
  const [serial, time, type, message]: readonly JsonValue[] = value
  const eventTime = parseEventTime(time)
  if (typeof serial !== 'number' || eventTime === undefined || typeof type !== 'string')
    return undefined
  return { serial, time: eventTime, type, message: message ?? null }
}

function shape(what: string): Result<Job, JobProblem> {
  return err({ kind: 'shape', what })
}

/** One line about what is wrong with a job file, for a log. */
export function describeJobProblem(problem: JobProblem): string {
  switch (problem.kind) {
    case 'empty':
      return 'the file is empty'
    case 'truncated':
      return 'the file ends in the middle of the JSON'
    case 'syntax':
      return `no JSON from byte ${problem.offsetBytes} on`
    case 'shape':
      return problem.what
  }
}

/** The members of an input parameter that is an object; nothing for any other value. */
export function objectInput(op: Op, key: string): Readonly<Record<string, JsonValue>> {
  const value = op.input[key]
  return isJsonObject(value) ? value : {}
}

/** The text of an input parameter, or undefined when it is absent, empty or no string. */
export function textInput(op: Op, key: string): string | undefined {
  const value = op.input[key]
  return typeof value === 'string' && value !== '' ? value : undefined
}
