import type { HostFacts } from './facts.js'
import { broken, type Finding, note } from './finding.js'

/** Whether this kernel can do what is asked of it. */
export function kernelFindings(facts: HostFacts): readonly Finding[] {
  return [...queueKernelFindings(facts), ...trackingFindings(facts)]
}

function trackingFindings({ kernel, isRoot }: HostFacts): readonly Finding[] {
  if (!isRoot || kernel.canTrackBridges) return []
  return [
    note(
      'kernel',
      'the kernel tracks no connections of bridges, so bridged NICs with a firewall profile other than unprotected cannot be set up',
      'modprobe nf_conntrack_bridge; Debian’s kernels have it',
    ),
  ]
}

/** Whether this kernel can bring packets to us at all, in the way that is configured. */
function queueKernelFindings({ kernel, queueing, isRoot }: HostFacts): readonly Finding[] {
  if (!isRoot) return [] // modules are loaded on demand, for root only
  if (!kernel.hasQueues) {
    return [
      broken(
        'kernel',
        'the kernel has no packet queues (nfnetlink_queue)',
        'modprobe nfnetlink_queue; Debian’s kernels have it, linux-image-amd64 or -cloud-amd64',
      ),
    ]
  }
  const { manage } = queueing
  if (manage === 'nft' && !kernel.canNft) {
    return [
      broken(
        'kernel',
        'nft cannot queue here (nft_queue is missing, or nft is not installed)',
        'apt install nftables; modprobe nft_queue; or set [queueing] manage = iptables',
      ),
    ]
  }
  const needsIptables = manage === 'iptables' || (manage === 'auto' && !kernel.canNft)
  if (!needsIptables) return []
  return (
    [
      ['iptables', kernel.iptables4],
      ['ip6tables', kernel.iptables6],
    ] as const
  ).flatMap(([program, problem]) =>
    problem === undefined
      ? []
      : [
          broken(
            'kernel',
            `${program} cannot queue: ${problem}`,
            'apt install iptables; modprobe xt_NFQUEUE; or a kernel with nft_queue',
          ),
        ],
  )
}
