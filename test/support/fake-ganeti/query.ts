import { isJsonArray, type JsonObject, type JsonValue } from '#ganeti/json-value.js'
import { type FakeCluster, type FakeJob, statusOf } from './cluster.js'

/** A row of a query: its fields by name. */
type Row = JsonObject

/** Answers `/2/query/<resource>`; undefined for a resource that there is not. */
export function query(
  cluster: FakeCluster,
  resource: string,
  { fields, filter }: { readonly fields: readonly string[]; readonly filter: JsonValue },
): JsonValue | undefined {
  const rows = rowsOf(cluster, resource)
  if (rows === undefined) return undefined
  const wantsArchived = fields.includes('archived') || JSON.stringify(filter).includes('"id"')
  const found = rows.filter(
    (row) => (wantsArchived || row['archived'] !== true) && matches(row, filter),
  )
  return {
    fields: fields.map((name) => ({ name, title: name, kind: 'other', doc: '' })),
    data: found.map((row) =>
      fields.map((name): JsonValue => (name in row ? [0, row[name] ?? null] : [1, null])),
    ),
  }
}

function rowsOf(cluster: FakeCluster, resource: string): readonly Row[] | undefined {
  switch (resource) {
    case 'instance':
      return [...cluster.instances.values()].map((one) => ({
        name: one.name,
        uuid: one.uuid,
        pnode: one.node,
        admin_state: one.isUp ? 'up' : 'down',
        oper_state: one.isRunning,
        serial_no: one.serial,
        mtime: one.mtime,
        ctime: one.ctime,
        os: one.os,
        disk_template: one.diskTemplate,
        'disk.sizes': one.diskMib,
        'be/vcpus': one.vcpus,
        'be/maxmem': one.ramMib,
        'nic.names': one.nics.map(({ name }) => name),
        'nic.uuids': one.nics.map(({ uuid }) => uuid),
        'nic.macs': one.nics.map(({ mac }) => mac),
        'nic.ips': one.nics.map(({ ip }) => ip),
        'nic.networks.names': one.nics.map(({ network }) => network),
        tags: [...one.tags],
      }))
    case 'job':
      return [...cluster.jobs.values()].map(jobRow)
    case 'network':
      return [...cluster.networks.values()].map((one) => ({
        name: one.name,
        uuid: one.uuid,
        network: one.cidr,
        tags: one.tags,
        group_list: [...one.groups].map(([group, { mode, link }]) => [group, mode, link, '']),
      }))
    default:
      return undefined
  }
}

/** A job as `/2/jobs/ID` and queries tell it. */
export function jobRow(job: FakeJob): Row {
  return {
    id: job.id,
    ops: job.ops.map(({ opcode, input }) => ({ ...input, OP_ID: opcode, reason: trailOf(job) })),
    status: statusOf(job),
    summary: job.ops.map(({ opcode, input }) => {
      const target = input['instance_name'] ?? input['network_name']
      const word = opcode.replace(/^OP_/, '')
      return typeof target === 'string' ? `${word}(${target})` : word
    }),
    opstatus: job.statuses,
    received_ts: wireTime(job.receivedMs),
    start_ts: wireTime(job.startMs),
    end_ts: wireTime(job.endMs),
    oplog: job.ops.map(() => []),
    opresult: job.results,
    archived: job.isArchived,
  }
}

function trailOf({ id, reason, receivedMs }: FakeJob): JsonValue {
  const own = ['gnt:opcode:op', `job=${id};index=0`, receivedMs * 1_000_000]
  return reason === undefined ? [own] : [['gnt:user', reason, receivedMs * 1_000_000], own]
}

function wireTime(ms: number | undefined): JsonValue {
  return ms === undefined ? null : [Math.floor(ms / 1000), (ms % 1000) * 1000]
}

function matches(row: Row, filter: JsonValue): boolean {
  if (!isJsonArray(filter)) return true
  const [op, ...rest] = filter
  if (op === '|') return rest.some((one) => matches(row, one))
  if (op === '&') return rest.every((one) => matches(row, one))
  const [field, value = null] = rest
  const actual = row[String(field)] ?? null
  if (op === '=' || op === '==') return actual === value
  if (actual === null || value === null) return false
  // numbers and texts alike, each with its own kind (`src/Ganeti/Query/Filter.hs`, `binOpFilter`)
  if (op === '>') return actual > value
  if (op === '>=') return actual >= value
  if (op === '<=') return actual <= value
  throw new Error(`no such filter here: ${JSON.stringify(filter)}`)
}
