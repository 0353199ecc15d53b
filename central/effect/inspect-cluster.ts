import type { RapiClient } from '#central/rapi/rapi-client.js'
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '#ganeti/json-value.js'
import type { BackendRow } from './clients.js'
import { textsOf } from './rapi-job.js'

/** What a cluster says of itself. */
export type ClusterFacts = Pick<
  BackendRow,
  | 'cluster_name'
  | 'ganeti_version'
  | 'hypervisor'
  | 'disk_templates'
  | 'node_groups'
  | 'node_count'
  | 'cpu_total'
  | 'memory_total_mib'
  | 'memory_free_mib'
  | 'disk_total_mib'
  | 'disk_free_mib'
  | 'instance_count'
>

/**
 * Reads what a cluster is and how much it has to spare: sums over the nodes that may run instances and are neither drained nor
 * offline.
 * @throws RapiError also when user or password are wrong: the first call is one that always asks for them
 */
export async function inspectCluster(
  client: Pick<RapiClient, 'call'>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<ClusterFacts> {
  const get = (path: string) => client.call({ method: 'GET', path }, options)
  const info = objectOf(await get('/2/info'))
  const [nodes, groups] = await Promise.all([
    client.call({ method: 'GET', path: '/2/nodes', query: { bulk: '1' } }, options),
    client.call({ method: 'GET', path: '/2/groups' }, options),
  ])
  const usable = objectsOf(nodes).filter(
    (node) => node['vm_capable'] !== false && node['offline'] !== true && node['drained'] !== true,
  )
  const sum = (field: string) => usable.reduce((total, node) => total + numberOf(node[field]), 0)
  return {
    cluster_name: textOf(info['name']),
    ganeti_version: textOf(info['software_version']),
    hypervisor: textOf(info['default_hypervisor']),
    disk_templates: JSON.stringify(templatesOf(info)),
    node_groups: JSON.stringify(objectsOf(groups).map((group) => textOf(group['name']))),
    node_count: usable.length,
    cpu_total: sum('ctotal'),
    memory_total_mib: sum('mtotal'),
    memory_free_mib: sum('mfree'),
    disk_total_mib: sum('dtotal'),
    disk_free_mib: sum('dfree'),
    instance_count: sum('pinst_cnt'),
  }
}

/** Those that are enabled, and that the cluster's policy allows. */
function templatesOf(info: JsonObject): readonly string[] {
  const enabled = textsOf(info['enabled_disk_templates'])
  const policy = objectOf(info['ipolicy'])['disk-templates']
  const allowed = isJsonArray(policy) ? textsOf(policy) : enabled
  return enabled.filter((template) => allowed.includes(template))
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}

function objectsOf(value: JsonValue): readonly JsonObject[] {
  return isJsonArray(value) ? value.filter(isJsonObject) : []
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

/** Null where a node did not answer. */
function numberOf(value: JsonValue | undefined): number {
  return typeof value === 'number' ? Math.trunc(value) : 0
}
