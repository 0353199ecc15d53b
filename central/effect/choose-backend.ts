import type { BackendTable } from '#central/store/tables/cluster.js'

/** What of a cluster decides whether it takes a server. */
export type BackendCapacity = Pick<
  BackendTable,
  | 'id'
  | 'is_drained'
  | 'is_offline'
  | 'disk_templates'
  | 'node_count'
  | 'cpu_total'
  | 'memory_total_mib'
  | 'memory_free_mib'
  | 'disk_total_mib'
  | 'disk_free_mib'
  | 'instance_count'
>

/** What a server needs. */
export interface Need {
  readonly vcpus: number
  readonly ramMib: number
  readonly diskMib: number
  /** Empty: whatever the cluster has. */
  readonly diskTemplate: string
}

/**
 * The cluster that has most to spare for a server: neither drained nor offline, with its disk template, and with room for it by
 * what was last read of its nodes. Half of the score is CPU, by the number of instances, half memory and disk, as Synnefo's
 * (`backend_allocator.py`); of equal ones the first.
 * @returns undefined when no cluster has room
 */
export function chooseBackend(
  backends: readonly BackendCapacity[],
  need: Need,
): number | undefined {
  let best: { readonly id: number; readonly score: number } | undefined
  for (const backend of backends) {
    if (!canTake(backend, need)) continue
    const score = scoreOf(backend)
    if (best === undefined || score < best.score) best = { id: backend.id, score }
  }
  return best?.id
}

function canTake(backend: BackendCapacity, need: Need): boolean {
  if (backend.is_drained === 1 || backend.is_offline === 1) return false
  if (backend.node_count === 0 || backend.memory_free_mib < need.ramMib) return false
  const isDiskless = need.diskTemplate === 'diskless'
  if (!isDiskless && backend.disk_free_mib < need.diskMib) return false
  return need.diskTemplate === '' || templatesOf(backend).includes(need.diskTemplate)
}

function templatesOf({ disk_templates }: BackendCapacity): readonly unknown[] {
  const templates: unknown = JSON.parse(disk_templates)
  return Array.isArray(templates) ? templates : []
}

/** 0: all is free; 1 and more: full. */
function scoreOf(backend: BackendCapacity): number {
  const cpu = (4 * (backend.instance_count + 1)) / (3 * Math.max(1, backend.cpu_total))
  const memory = usedShare(backend.memory_free_mib, backend.memory_total_mib)
  const disk = usedShare(backend.disk_free_mib, backend.disk_total_mib)
  return 0.5 * cpu + 0.25 * (memory + disk)
}

function usedShare(free: number, total: number): number {
  return total <= 0 ? 1 : 1 - free / total
}
