import { AgentError } from '#errors.js'
import type { ForwardBlock } from '#nic/forward/fate.js'
import type { IpVersion } from '#nic/queueing/iptables.js'
import { readForwardBlocks } from './forward.js'
import { loadModule } from './module.js'
import { noteSysctls, readSysctl, type SysctlJournal, writeSysctl } from './sysctl.js'

/** The sysctl that shows bridged packets of a protocol to iptables. */
export const bridgeSysctls: Readonly<Record<IpVersion, string>> = {
  4: 'net.bridge.bridge-nf-call-iptables',
  6: 'net.bridge.bridge-nf-call-ip6tables',
}

/** What the module also switches on when it is loaded, and nobody here needs. */
const arpSysctl = 'net.bridge.bridge-nf-call-arptables'

/** Protocols whose bridged packets stay out of iptables, because guests would be cut off. */
export interface BridgeRefusal {
  readonly version: IpVersion
  readonly blocks: readonly ForwardBlock[]
}

/**
 * Switches br_netfilter on for the protocols given, where it is off and the host's FORWARD rules would let frames between the
 * ports of a bridge pass. Where they would not, it stays off; and where we had switched it on and they no longer would (docker was
 * installed since), it is switched off again. What somebody else has switched on is left as it is.
 */
export async function admitBridged(
  wanted: readonly IpVersion[],
  journal: SysctlJournal,
): Promise<readonly BridgeRefusal[]> {
  const refusals: BridgeRefusal[] = []
  const ours = new Set((await journal.load()).map(({ name }) => name))
  for (const version of wanted) {
    const name = bridgeSysctls[version]
    const value = await readSysctl(name)
    if (value === '1' && !ours.has(name)) continue
    const blocks = await readForwardBlocks(version)
    if (blocks.length > 0) {
      refusals.push({ version, blocks })
      if (value === '1') await writeSysctl(name, '0')
    } else if (value !== '1') await switchOn(version, { journal, isLoaded: value !== undefined })
  }
  return refusals
}

/** The protocols that {@link admitBridged} would refuse; nothing is changed. */
export async function foreseeRefusals(
  wanted: readonly IpVersion[],
): Promise<readonly BridgeRefusal[]> {
  const refusals: BridgeRefusal[] = []
  for (const version of wanted) {
    if ((await readSysctl(bridgeSysctls[version])) === '1') continue
    const blocks = await readForwardBlocks(version)
    if (blocks.length > 0) refusals.push({ version, blocks })
  }
  return refusals
}

/** Loading the module sets all its sysctls to 1 in every network namespace: what was not asked for goes back to 0 at once. */
async function switchOn(
  version: IpVersion,
  { journal, isLoaded }: { readonly journal: SysctlJournal; readonly isLoaded: boolean },
): Promise<void> {
  const name = bridgeSysctls[version]
  await noteSysctls(journal, [{ name, before: '0', ours: '1' }])
  if (!isLoaded) {
    if (!(await loadModule('br_netfilter')))
      throw new AgentError(
        'PROGRAM_FAILED',
        'br_netfilter, which shows bridged packets to iptables, could not be loaded: see modprobe br_netfilter',
      )
    const others = [arpSysctl, bridgeSysctls[version === 4 ? 6 : 4]]
    for (const other of others) await writeSysctl(other, '0')
  }
  await writeSysctl(name, '1')
}
