import { query } from '#central/effect/queries.js'
import { textsOf } from '#central/effect/rapi-job.js'
import type { RapiClient } from '#central/rapi/rapi-client.js'
import { isJsonArray, type JsonObject } from '#ganeti/json-value.js'
import { listOf, microsecondsOf } from './cells.js'
import { instanceFields, readInstance } from './read-instance.js'
import type { InstanceView, NetworkView } from './view.js'

type Client = Pick<RapiClient, 'call'>

interface Waiting {
  readonly signal?: AbortSignal | undefined
}

/** Statuses of jobs that have not ended. */
const unfinished = ['queued', 'waiting', 'canceling', 'running'] as const

/** The names of all instances of a cluster, sorted. @throws RapiError */
export async function namesAt(client: Client, { signal }: Waiting = {}): Promise<string[]> {
  const rows = await query(client, { resource: 'instance', fields: ['name'], signal })
  return rows.flatMap(({ name }) => (typeof name === 'string' ? [name] : [])).sort()
}

/**
 * Those of these instances that the cluster has. They are asked for by the span of their names: of names that are told one by one
 * Ganeti refuses all when one of them was removed meanwhile.
 * @param names sorted
 * @throws RapiError
 */
export async function instancesAt(
  client: Client,
  names: readonly string[],
  { signal }: Waiting = {},
): Promise<readonly InstanceView[]> {
  const [first, last] = [names[0], names.at(-1)]
  if (first === undefined || last === undefined) return []
  const filter = ['&', ['>=', 'name', first], ['<=', 'name', last]]
  const rows = await query(client, { resource: 'instance', fields: instanceFields, filter, signal })
  const wanted = new Set(names)
  return rows.flatMap(readInstance).filter(({ name }) => wanted.has(name))
}

/** What jobs that have not ended are about, out of their summaries: names of instances and networks. @throws RapiError */
export async function busyAt(
  client: Client,
  { signal }: Waiting = {},
): Promise<ReadonlySet<string>> {
  const filter = ['|', ...unfinished.map((status) => ['=', 'status', status])]
  const rows = await query(client, { resource: 'job', fields: ['summary'], filter, signal })
  return new Set(
    rows.flatMap(({ summary }) =>
      textsOf(summary).flatMap((line) => /\((.*)\)$/.exec(line)?.[1] ?? []),
    ),
  )
}

/** All networks of a cluster. @throws RapiError */
export async function networksAt(
  client: Client,
  { signal }: Waiting = {},
): Promise<readonly NetworkView[]> {
  const fields = ['name', 'mtime', 'group_list']
  const rows = await query(client, { resource: 'network', fields, signal })
  return rows.flatMap(readNetwork)
}

function readNetwork(row: JsonObject): readonly NetworkView[] {
  const name = row['name']
  if (typeof name !== 'string') return []
  const groups = listOf(row['group_list']).flatMap((one) =>
    isJsonArray(one) && typeof one[0] === 'string' ? [one[0]] : [],
  )
  return [{ name, modifiedUs: microsecondsOf(row['mtime']), groups }]
}
