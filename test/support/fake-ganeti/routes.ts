import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '#ganeti/json-value.js'
import type { FakeCluster } from './cluster.js'
import type { FakeOp } from './model.js'
import { jobRow, query } from './query.js'

/** A call that came in. */
export interface FakeCall {
  readonly method: string
  readonly path: string
  readonly params: URLSearchParams
  readonly body: JsonObject | undefined
}

/** An answer: the body of a 200, or how it is refused. */
export type FakeAnswer =
  | { readonly value: JsonValue }
  | { readonly status: number; readonly message: string }

const notFound: FakeAnswer = { status: 404, message: 'Not Found' }

const badRequest = (message: string): FakeAnswer => ({ status: 400, message })

/** What the remote API answers, and does. */
export function answer(
  cluster: FakeCluster,
  call: FakeCall,
  { version }: { readonly version: string },
): FakeAnswer {
  const parts = call.path.split('/').slice(1).map(decodeURIComponent)
  if (parts[0] !== '2') return notFound
  if (call.method === 'GET') return read(cluster, { parts, call, version })
  if (call.method === 'PUT' && parts[1] === 'query') {
    const fields = isJsonArray(call.body?.['fields']) ? call.body['fields'].map(String) : []
    const filter = call.body?.['qfilter'] ?? null
    const value = query(cluster, parts[2] ?? '', { fields, filter })
    return value === undefined ? notFound : { value }
  }
  return change(cluster, { parts, call, version })
}

interface Routed {
  readonly parts: readonly string[]
  readonly call: FakeCall
  readonly version: string
}

function read(cluster: FakeCluster, { parts: [, noun, name], version }: Routed): FakeAnswer {
  if (noun === 'info') {
    const info = {
      name: 'cluster.lab.example',
      software_version: version,
      default_hypervisor: 'fake',
      enabled_hypervisors: ['fake'],
      enabled_disk_templates: ['diskless', 'file', 'plain'],
      ipolicy: { 'disk-templates': ['diskless', 'file', 'plain'] },
      uuid: '6f37fc92-0000-4000-8000-b158506d0000',
    }
    return { value: info }
  }
  if (noun === 'nodes') {
    const node = {
      name: 'n1.lab.example',
      offline: false,
      drained: false,
      vm_capable: true,
      mtotal: 65_536,
      mfree: 60_000,
      dtotal: 1_000_000,
      dfree: 900_000,
      ctotal: 16,
      pinst_cnt: cluster.instances.size,
    }
    return { value: [node] }
  }
  if (noun === 'groups') return { value: [{ name: 'default', node_cnt: 1 }] }
  if (noun === 'jobs' && name !== undefined) {
    const job = cluster.jobs.get(Number(name))
    const nothing = { id: Number(name), ops: null, status: null, summary: null, opstatus: null }
    return { value: job === undefined ? nothing : jobRow(job) }
  }
  if (noun === 'jobs') {
    const live = [...cluster.jobs.values()].filter(({ isArchived }) => !isArchived)
    return { value: live.map(({ id }) => ({ id, uri: `/2/jobs/${id}` })) }
  }
  return notFound
}

function change(cluster: FakeCluster, { parts, call, version }: Routed): FakeAnswer {
  const [, noun, name = '', verb] = parts
  const { depends, ...body } = call.body ?? {}
  const reason = call.params.get('reason') ?? undefined
  const submit = (ops: readonly FakeOp[], given = reason): FakeAnswer => {
    const jobIds = isJsonArray(depends)
      ? depends.map((one) => Number(isJsonArray(one) ? one[0] : one))
      : []
    const options = { depends: jobIds, ...(given === undefined ? {} : { reason: given }) }
    return { value: cluster.submit(ops, options) }
  }
  const one = (opcode: string, input: JsonObject) => submit([{ opcode, input }])
  const key = `${call.method} ${noun} ${verb ?? ''}`.trim()
  const target = { instance_name: name }
  const onNetwork = { network_name: name }
  switch (name === '' ? `${call.method} ${noun}` : key.replace(noun ?? '', `${noun}/x`)) {
    case 'POST instances': {
      if (body['__version__'] !== 1) {
        return badRequest('Instance creation request version 0 is no longer supported')
      }
      const { __version__, name: instanceName = null, ...rest } = body
      return one('OP_INSTANCE_CREATE', { ...rest, instance_name: instanceName })
    }
    case 'DELETE instances/x':
      return one('OP_INSTANCE_REMOVE', { ...body, ...target })
    case 'PUT instances/x startup':
      return one('OP_INSTANCE_STARTUP', target)
    case 'PUT instances/x shutdown':
      return one('OP_INSTANCE_SHUTDOWN', { ...body, ...target })
    case 'POST instances/x reboot':
      return one('OP_INSTANCE_REBOOT', { ...body, ...target })
    case 'PUT instances/x modify':
      return 'hotplug_if_possible' in body && !version.startsWith('3.0')
        ? badRequest("Invalid body parameters: doesn't support the parameter 'hotplug_if_possible'")
        : one('OP_INSTANCE_SET_PARAMS', { ...body, ...target })
    case 'POST instances/x reinstall':
      return [...call.params].length > 0
        ? badRequest("Can't combine query and body parameters")
        : submit(reinstallOps(target, body), undefined)
    case 'PUT instances/x tags':
    case 'DELETE instances/x tags': {
      const opcode = call.method === 'PUT' ? 'OP_TAGS_SET' : 'OP_TAGS_DEL'
      return one(opcode, { kind: 'instance', name, tags: call.params.getAll('tag') })
    }
    case 'POST networks':
      return one('OP_NETWORK_ADD', body)
    case 'PUT networks/x connect':
      return one('OP_NETWORK_CONNECT', { ...body, ...onNetwork })
    case 'PUT networks/x disconnect':
      return one('OP_NETWORK_DISCONNECT', { ...body, ...onNetwork })
    case 'DELETE networks/x':
      return one('OP_NETWORK_REMOVE', onNetwork)
    default:
      return notFound
  }
}

function reinstallOps(target: JsonObject, body: JsonObject): readonly FakeOp[] {
  const osparams = isJsonObject(body['osparams']) ? body['osparams'] : {}
  return [
    { opcode: 'OP_INSTANCE_SHUTDOWN', input: target },
    {
      opcode: 'OP_INSTANCE_REINSTALL',
      input: { ...target, os_type: body['os'] ?? null, osparams },
    },
    { opcode: 'OP_INSTANCE_STARTUP', input: target },
  ]
}
