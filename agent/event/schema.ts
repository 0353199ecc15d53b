import type { JsonObject, JsonValue } from '#ganeti/json-value.js'
import { opStatuses } from '#ganeti/status.js'
import { imageTypes } from './image-progress.js'

/**
 * The JSON Schema (draft 2020-12) of the body of every message: one definition a type, named after it, and the body is one of them.
 *
 * Open: keys that are not named may come, as a consumer must bear newer ones. Named keys without `required` are absent where they are not known.
 */
export function messageSchema(): JsonObject {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'urn:okeanid:messages:1',
    title: 'Bodies of messages on exchange ganeti',
    oneOf: Object.keys(bodies).map((type) => ({ $ref: `#/$defs/${type}` })),
    $defs: Object.fromEntries(
      Object.entries(bodies).map(([type, { required, optional = {} }]) => [
        type,
        object({ type: { const: type }, ...required }, optional),
      ]),
    ),
  }
}

interface Keys {
  readonly required: JsonObject
  readonly optional?: JsonObject
}

/** Keys that must be there, and keys that may be. */
function object(required: JsonObject, optional: JsonObject = {}): JsonObject {
  return {
    type: 'object',
    properties: { ...required, ...optional },
    required: Object.keys(required),
  }
}

function list(items: JsonObject, limits: JsonObject = {}): JsonObject {
  return { type: 'array', items, ...limits }
}

function nullable(type: JsonValue): JsonObject {
  return { type: [type, 'null'] }
}

function words(...allowed: readonly string[]): JsonObject {
  return { enum: [...allowed] }
}

const text: JsonObject = { type: 'string' }
const name: JsonObject = { type: 'string', minLength: 1 }
const count: JsonObject = { type: 'integer', minimum: 0 }
const status = words(...opStatuses)

/** `[seconds, microseconds]`, null where nobody knows. */
const time: JsonObject = {
  type: ['array', 'null'],
  prefixItems: [count, { type: 'integer', minimum: 0, maximum: 999_999 }],
  items: false,
  minItems: 2,
}

/** Of every message about an op. */
const op: JsonObject = {
  event_time: time,
  operation: name,
  status,
  cluster: name,
  logmsg: nullable('string'),
  result: true,
  jobId: { type: 'integer', minimum: 1 },
  op_index: count,
}

const nic = object(
  {
    name: nullable('string'),
    uuid: nullable('string'),
    network: nullable('string'),
    ip: nullable('string'),
    mac: nullable('string'),
    mode: nullable('string'),
    link: nullable('string'),
  },
  { firewall: name },
)

const details: JsonObject = {
  instance_nics: list(nic),
  instance_disks: list(object({ name: nullable('string'), size: count, uuid: name })),
  instance_hvparams: object({
    boot_order: nullable('string'),
    cdrom_image_path: nullable('string'),
  }),
  instance_tags: list(text),
  instance_serial_no: count,
}

/** Of every message that a node tells of what it saw. */
const seen: JsonObject = {
  event_time: time,
  cluster: name,
  node: name,
  instance: name,
  reason: nullable('string'),
}

const nodeNic = object({
  index: nullable('integer'),
  name: nullable('string'),
  uuid: nullable('string'),
  mac: name,
  ip: nullable('string'),
  ip6: nullable('string'),
  network: nullable('string'),
  mode: nullable('string'),
  link: nullable('string'),
  tap: name,
})

/** As Synnefo's hook had it: what there is none of is absent. */
const netNic = object(
  { index: count },
  {
    ...{ ip: name, mac: name, link: name, network: name, ipv6: name, firewall: name },
    ...{ uuid: name, name, mode: name, vlan: name },
  },
)

const image: JsonObject = { event_time: time, cluster: name, node: name, instance: name }

const bodies: Readonly<Record<string, Keys>> = {
  'ganeti-op-status': {
    required: { ...op, instance: name, tags: list(text), job_fields: { type: 'object' } },
    optional: details,
  },
  'ganeti-network-status': {
    required: {
      ...op,
      network: name,
      job_fields: object({
        subnet: nullable('string'),
        gateway: nullable('string'),
        add_reserved_ips: { ...list(text), type: ['array', 'null'] },
        remove_reserved_ips: { ...list(text), type: ['array', 'null'] },
        group_name: nullable('string'),
      }),
    },
  },
  'ganeti-cluster-status': {
    required: {
      ...op,
      jobId: { type: ['integer', 'null'], minimum: 1 },
      op_index: { type: ['integer', 'null'], minimum: 0 },
    },
    optional: { master_node: name, previous_master_node: name },
  },
  'ganeti-job-status': {
    required: {
      event_time: time,
      cluster: name,
      jobId: { type: 'integer', minimum: 1 },
      status,
      op_count: { type: 'integer', minimum: 1 },
      summary: list(text, { maxItems: 100 }),
      ops: list(object({ operation: name, status }), { maxItems: 100 }),
    },
  },
  'ganeti-op-log': {
    required: {
      event_time: time,
      operation: name,
      cluster: name,
      jobId: { type: 'integer', minimum: 1 },
      op_index: count,
      instance: name,
      serial: { type: 'integer', minimum: 1 },
      level: words('info', 'warning', 'error'),
      logmsg: text,
      phase: { type: ['string', 'null'], pattern: '^[a-z-]+$' },
      percentage: { type: ['number', 'null'], minimum: 0, maximum: 100 },
    },
  },
  'ganeti-net-status': {
    required: {
      event_time: time,
      cluster: name,
      instance: name,
      operation: name,
      jobId: { type: ['integer', 'null'], minimum: 1 },
      op_index: { type: ['integer', 'null'], minimum: 0 },
      nics: list(netNic),
    },
  },
  'ganeti-nic-status': {
    required: { ...seen, status: words('up', 'down', 'repaired', 'failed', 'dhcp'), nic: nodeNic },
  },
  'ganeti-instance-status': {
    required: { ...seen, status: words('started', 'paused', 'resumed', 'exited') },
  },
  ...Object.fromEntries(
    imageTypes.map((type) => [
      type,
      {
        required:
          type === 'image-copy-progress'
            ? { ...image, progress: { type: ['number', 'string'] } }
            : image,
      },
    ]),
  ),
  'okeanid-instance-tags': {
    required: {
      instance: name,
      node: name,
      tags: list(text, { maxItems: 100 }),
      time: { type: 'number', exclusiveMinimum: 0 },
    },
  },
  'okeanid-jobs-settled': {
    required: {
      cluster: name,
      node: name,
      jobs: list(list(count, { minItems: 2, maxItems: 2 }), { maxItems: 256 }),
    },
  },
  'eventd-heartbeat': {
    required: {
      event_time: time,
      cluster: text,
      node: text,
      role: name,
      master: { type: 'boolean' },
      backlog: count,
      lag_seconds: count,
      version: name,
    },
    optional: { node_version: name, config: name, roles: list(name) },
  },
}
