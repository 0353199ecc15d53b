import { AgentError } from '#errors.js'
import { runProgram } from './run-program.js'

/** An interface of this host, as far as the doctor cares. */
export interface LinkFact {
  readonly name: string
  /** `bridge`, `tun`, `veth` …; empty for hardware. */
  readonly kind: string
  readonly isUp: boolean
  /** The bridge, bond or VRF that it is a port of. */
  readonly master: string | undefined
  /** A bridge that tells VLANs apart. */
  readonly isVlanAware: boolean
}

/** All interfaces of this network namespace, by iproute2; none when that is not installed. */
export async function readLinkFacts(): Promise<readonly LinkFact[]> {
  try {
    const { code, stdout } = await runProgram('ip', ['-j', '-d', 'link', 'show'])
    return code === 0 ? parseLinkFacts(stdout) : []
  } catch (error) {
    if (error instanceof AgentError) return []
    throw error
  }
}

/** Reads what `ip -j -d link show` prints. */
export function parseLinkFacts(text: string): readonly LinkFact[] {
  const links: unknown = JSON.parse(text)
  if (!Array.isArray(links)) return []
  return links.map((link: IpLink) => ({
    name: link.ifname ?? '',
    kind: link.linkinfo?.info_kind ?? '',
    isUp: link.flags?.includes('UP') ?? false,
    master: link.master,
    isVlanAware: link.linkinfo?.info_data?.vlan_filtering === 1,
  }))
}

/** Of its JSON what is read. */
interface IpLink {
  readonly ifname?: string
  readonly flags?: readonly string[]
  readonly master?: string
  readonly linkinfo?: {
    readonly info_kind?: string
    readonly info_data?: { readonly vlan_filtering?: number }
  }
}
