import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { QueueingOptions } from '#kernel/queueing.js'
import type { SysctlChange, SysctlJournal } from '#kernel/sysctl.js'
import type { NodeConfig } from '#service/node-config.js'
import { loadState, saveState } from '#service/state-file.js'

/** What the configuration says of queueing; changed sysctls are remembered in `nics/sysctls.json` of the state directory. */
export function queueingSettings({ queueing, agent }: NodeConfig): QueueingOptions {
  return {
    manage: queueing.manage,
    numbers: {
      dhcp4: queueing.dhcp_queue,
      ra: queueing.rs_queue,
      nd: queueing.ns_queue,
      dhcp6: queueing.dhcpv6_queue,
      dropOffset: queueing.drop_queue_offset,
    },
    journal: fileJournal(path.join(agent.state_directory, 'nics', 'sysctls.json')),
  }
}

function fileJournal(file: string): SysctlJournal {
  return {
    async load() {
      const { value } = await loadState(file)
      return Array.isArray(value) ? value.flatMap(parseChange) : []
    },
    async save(changes) {
      await mkdir(path.dirname(file), { recursive: true, mode: 0o750 })
      await saveState(file, changes)
    },
  }
}

/** Only names that we ever change: what a damaged file says must not end in some other sysctl. */
function parseChange(value: unknown): readonly SysctlChange[] {
  if (typeof value !== 'object' || value === null) return []
  const { name, before, ours } = value as Readonly<Record<string, unknown>>
  if (typeof name !== 'string' || typeof before !== 'string' || typeof ours !== 'string') return []
  return /^net\.bridge\.bridge-nf-call-\w+$/.test(name) ? [{ name, before, ours }] : []
}
