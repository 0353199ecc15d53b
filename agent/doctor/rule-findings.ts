import { queuedServices, queueNumber } from '#nic/queueing/plan.js'
import type { BindingFacts, HostFacts, QueueingFacts, Refusal } from './facts.js'
import { broken, type Finding, note } from './finding.js'

/** Whether packets get to the queues, and what stands in their way. */
export function ruleFindings({ queueing, bindings, roles, isRoot }: HostFacts): readonly Finding[] {
  if (!isRoot) return []
  const isKept = roles.some(({ role, problem }) => role === 'nics' && problem === undefined)
  return [
    ...(queueing.manage === 'no'
      ? adminFindings(queueing, bindings)
      : ownFindings(queueing, isKept)),
    ...queueing.refusals.flatMap(refusedFindings),
    ...queueing.cutOff.flatMap(cutOffFindings),
    ...fragmentFindings(queueing),
    ...queueing.withoutIpv6.map((tap) =>
      broken(
        'rules',
        `${tap} has disable_ipv6=1: the kernel drops all IPv6 of its guest before anybody sees it`,
        `sysctl net.ipv6.conf.${tap.replaceAll('.', '/')}.disable_ipv6=0, and net.ipv6.conf.default for taps to come`,
      ),
    ),
    ...openvswitchFindings(bindings),
    ...queueing.changedSysctls.map(({ name, before }) =>
      note(
        'rules',
        `${name} was ${before} before us`,
        'nothing to do; okeanid queueing remove sets it back',
      ),
    ),
  ]
}

function ownFindings(
  { drift, problem, foreignRules }: QueueingFacts,
  isKept: boolean,
): readonly Finding[] {
  const [first = ''] = drift ?? []
  const foreign = [...foreignRules].flatMap(([number, rules]) =>
    rules.slice(0, 1).map((rule) => ({ number, rule })),
  )
  return [
    ...(problem === undefined
      ? []
      : [broken('rules', `the rules cannot be read: ${problem}`, 'what the message says')]),
    ...(first === ''
      ? []
      : [
          broken(
            'rules',
            `${drift?.length} differences from what bindings ask, the first: ${first}`,
            isKept
              ? 'the nics role repairs that within 15 s; if it comes back, somebody reloads a ruleset again and again'
              : 'systemctl start okeanid-nics: it puts them in place and keeps them',
          ),
        ]),
    ...foreign.map(({ number, rule }) =>
      broken(
        'rules',
        `a rule that is not ours leads to queue ${number} as well: ${rule}`,
        'remove it (nfdhcpd’s stand in /etc/ferm/nfdhcpd.ferm), or set [queueing] manage = no and keep all rules yourself',
      ),
    ),
  ]
}

/** The administrator keeps the rules: it is only looked whether any leads to each queue that is wanted. */
function adminFindings(
  { numbers, foreignRules }: QueueingFacts,
  { taps }: BindingFacts,
): readonly Finding[] {
  const wanted = new Set(
    taps.flatMap((tap) =>
      queuedServices
        .filter((service) => tap[service])
        .map((service) => queueNumber(numbers, { service, whenDown: tap.whenDown })),
    ),
  )
  return [...wanted]
    .filter((number) => !foreignRules.has(number))
    .map((number) =>
      broken(
        'rules',
        `no rule leads to queue ${number}, and [queueing] manage = no`,
        'add one (docs/queueing.md has examples), or set manage = auto',
      ),
    )
}

function refusedFindings({ version, blocks }: Refusal): readonly Finding[] {
  return blocks.map(({ bridge, where }) =>
    broken(
      'bridge',
      `IPv${version} of taps on bridges is not served: br_netfilter would let ${where} cut off the guests of ${bridge}`,
      cureOf(version, bridge),
    ),
  )
}

function cutOffFindings({ version, blocks }: Refusal): readonly Finding[] {
  return blocks.map(({ bridge, where }) =>
    broken(
      'bridge',
      `somebody switched br_netfilter on, and ${where} drops IPv${version} between the ports of ${bridge}`,
      cureOf(version, bridge),
    ),
  )
}

function fragmentFindings({ fragmentLoss, changedSysctls }: QueueingFacts): readonly Finding[] {
  return fragmentLoss.flatMap(({ version, bridges }) => {
    if (bridges.length === 0) return []
    const sysctl = `net.bridge.bridge-nf-call-ip${version === 6 ? '6' : ''}tables`
    const isOurs = changedSysctls.some(({ name }) => name === sysctl)
    return [
      broken(
        'bridge',
        `br_netfilter is on for IPv${version}: fragments that come untagged into ${bridges.join(', ')} and leave tagged are lost (a fault of the kernel)`,
        isOurs
          ? 'a kernel with nft_queue, which needs no br_netfilter'
          : `sysctl ${sysctl}=0, and find out who set it: docker and kubernetes do`,
      ),
    ]
  })
}

/** Chains that docker and ufw leave to the administrator survive their restarts. */
function cureOf(version: 4 | 6, bridge: string): string {
  const program = version === 4 ? 'iptables' : 'ip6tables'
  return `let bridged frames pass: ${program} -I FORWARD -m physdev --physdev-is-bridged -j ACCEPT (docker: chain DOCKER-USER; ufw: ufw route allow in on ${bridge} out on ${bridge}; firewalld: firewall-cmd --permanent --zone=trusted --add-interface=${bridge}); or boot a kernel with nft_queue, which needs no br_netfilter`
}

function openvswitchFindings({ taps }: BindingFacts): readonly Finding[] {
  const ports = taps.filter(({ mode }) => mode === 'openvswitch').map(({ tap }) => tap)
  return ports.length === 0
    ? []
    : [
        broken(
          'rules',
          `${ports.slice(0, 5).join(', ')}${ports.length > 5 ? ' …' : ''}: frames of Open vSwitch ports pass no hook that can queue`,
          'use mode bridged or routed for served networks',
        ),
      ]
}
