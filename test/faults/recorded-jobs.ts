import { recordedVersions } from '../support/fixture.js'

/** A recorded job: its versions, oldest first, as parsed JSON. */
export interface RecordedJob {
  readonly scenario: string
  readonly versions: readonly JsonObject[]
}

/** Parsed JSON. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject

/** A parsed JSON object. */
export interface JsonObject {
  readonly [key: string]: Json
}

/** Of all recorded scenarios those whose jobs are about one instance, a network, a tag or nothing, and end. */
const scenarios = [
  'cancel-queued',
  'cancel-running',
  'create-fake',
  'delay',
  'job-killed',
  'migrate-fake',
  'multi-op',
  'multi-op-instance',
  'network-add',
  'reboot-fake',
  'set-params-be',
  'shutdown',
  'startup',
  'startup-unknown',
  'tags-instance',
] as const

/** The jobs of these scenarios, from the recordings of a real cluster (Ganeti 3.0.2). */
export function recordedJobs(): readonly RecordedJob[] {
  return scenarios.flatMap((scenario) => {
    const jobs = new Map<number, JsonObject[]>()
    for (const { jobId, bytes } of recordedVersions('jobs', scenario)) {
      const version = parse(bytes)
      if (version !== undefined) jobs.set(jobId, [...(jobs.get(jobId) ?? []), version])
    }
    return [...jobs.values()].filter(hasEnd).map((versions) => ({ scenario, versions }))
  })
}

/** What a recorded job is told anew with. */
export interface Retelling {
  readonly id: number
  readonly instance: string
  /** The time stamp that stands for a recorded one; the same for the same. */
  readonly timeOf: (recorded: string) => readonly [number, number]
}

/** The text of a version with another number, instance and times; everything else is as Ganeti wrote it. */
export function retell(version: JsonObject, { id, instance, timeOf }: Retelling): string {
  const visit = (key: string, value: Json): Json => {
    if (key.endsWith('timestamp') && Array.isArray(value)) return timeOf(value.join('.'))
    if (key === 'log' && Array.isArray(value)) return value.map((line: Json) => visitLogLine(line))
    if (key === 'instance_name' && typeof value === 'string') return instance
    if (Array.isArray(value)) return value.map((item: Json) => visit('', item))
    return isObject(value) ? visitObject(value) : value
  }
  const visitLogLine = (line: Json): Json => {
    if (!Array.isArray(line) || !Array.isArray(line[1])) return line
    return [line[0], timeOf(line[1].join('.')), ...line.slice(2)]
  }
  const visitObject = (object: JsonObject): JsonObject => {
    const isTags = object['kind'] === 'instance' && typeof object['name'] === 'string'
    const entries = Object.entries(object).map(([key, value]) => [key, visit(key, value)] as const)
    return { ...Object.fromEntries(entries), ...(isTags ? { name: instance } : {}) }
  }
  return JSON.stringify({ ...visitObject(version), id })
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parse(bytes: Uint8Array): JsonObject | undefined {
  try {
    const value = JSON.parse(Buffer.from(bytes).toString()) as Json
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function hasEnd(versions: readonly JsonObject[]): boolean {
  return versions.at(-1)?.['end_timestamp'] !== null && versions.length > 1
}
