import { hasCode } from '#errors.js'
import { loadModule } from './module.js'
import { runProgram } from './run-program.js'

/** Says what an operator can do, on a kernel where firewall profiles cannot be kept on bridges. ASCII: Ganeti shows it. */
export const noBridgeTracking =
  'this kernel tracks no connections of bridges, which firewall profiles need: load its module nf_conntrack_bridge, or give the NIC the profile unprotected'

/** Whether this is why nft failed: EPROTO of nf_ct_netns_get() (net/netfilter/nf_conntrack_proto.c), which no other rule of ours brings. */
export function lacksBridgeTracking(stderr: string): boolean {
  return stderr.includes('Could not process rule: Protocol error')
}

/** Loads the module, which no rule loads by itself; false where there is none. */
export function loadBridgeTracking(): Promise<boolean> {
  return loadModule('nf_conntrack_bridge')
}

/** Whether firewall profiles can be kept on bridges; nothing is put in place, but the module may be loaded. */
export async function canTrackBridges(): Promise<boolean> {
  const isTaken = async (): Promise<boolean> =>
    (await runProgram('nft', ['-c', '-f', '-'], probe)).code === 0
  try {
    return (await isTaken()) || ((await loadBridgeTracking()) && (await isTaken()))
  } catch (error) {
    if (hasCode(error, 'PROGRAM_FAILED')) return false
    throw error
  }
}

const probe = `add table bridge okeanid-probe
add chain bridge okeanid-probe probe
add rule bridge okeanid-probe probe ct state established accept
`
