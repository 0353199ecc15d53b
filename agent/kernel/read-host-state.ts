import { AgentError } from '#errors.js'
import {
  addressKey,
  type HostState,
  lookupKey,
  neighbourKey,
  type ObservedLink,
  vlanKey,
} from '#nic/repair/host-state.js'
import { routingProtocol } from '#nic/tap.js'
import { runProgram } from './run-program.js'

/** What of a host is wanted: each costs a program or several. */
export interface HostQuestions {
  /** Routes, rules, neighbours, proxies: of routed NICs. */
  readonly routing: boolean
  readonly vlans: boolean
}

/**
 * Reads all interfaces, and what else is asked, by iproute2.
 *
 * @throws AgentError PROGRAM_FAILED: what cannot be read must not count as not being there
 */
export async function readHostState({ routing, vlans }: HostQuestions): Promise<HostState> {
  const when = (isAsked: boolean, args: string): Promise<readonly Entry[]> =>
    isAsked ? ip(args) : Promise.resolve([])
  const proto = `table all proto ${routingProtocol}`
  const [
    links,
    routes4,
    routes6,
    rules4,
    rules6,
    neighbours,
    proxies4,
    proxies6,
    addresses,
    ports,
  ] = await Promise.all([
    ip('link show'),
    when(routing, `-4 route show ${proto}`),
    when(routing, `-6 route show ${proto}`),
    when(routing, '-4 rule show'),
    when(routing, '-6 rule show'),
    when(routing, 'neigh show nud permanent'),
    when(routing, '-4 neigh show proxy'),
    when(routing, '-6 neigh show proxy'),
    when(routing, '-6 addr show'),
    vlans ? json('bridge', ['-j', 'vlan', 'show']) : [],
  ])
  return {
    links: new Map(links.map((link) => [text(link, 'ifname'), observedLink(link)])),
    routes: new Set([...routes4, ...routes6].map(routeText)),
    lookups: new Set([...lookups(4, rules4), ...lookups(6, rules6)]),
    neighbours: new Set(
      neighbours.map((each) =>
        neighbourKey(text(each, 'dev'), text(each, 'dst'), text(each, 'lladdr')),
      ),
    ),
    proxies: new Set(
      [...proxies4, ...proxies6].map((each) => `${text(each, 'dev')} ${text(each, 'dst')}`),
    ),
    addresses: new Set(
      addresses.flatMap((link) =>
        list(link['addr_info']).map((each) =>
          addressKey(text(link, 'ifname'), text(each, 'local')),
        ),
      ),
    ),
    vlans: new Set(ports.flatMap(vlanTexts)),
  }
}

type Entry = Readonly<Record<string, unknown>>

function observedLink(link: Entry): ObservedLink {
  const flags = link['flags']
  return {
    ifindex: Number(link['ifindex']),
    mac: text(link, 'address') || undefined,
    mtu: Number(link['mtu']),
    isUp: Array.isArray(flags) && flags.includes('UP'),
    master: text(link, 'master') || undefined,
  }
}

/** As `routeKey` writes them; the main table is not named. */
function routeText(route: Entry): string {
  const via = text(route, 'gateway') || '-'
  return [text(route, 'table') || '254', text(route, 'dst'), via, text(route, 'dev')].join(' ')
}

function lookups(family: 4 | 6, rules: readonly Entry[]): readonly string[] {
  return rules
    .filter((rule) => text(rule, 'protocol') === String(routingProtocol))
    .map((rule) => lookupKey(family, text(rule, 'iif'), text(rule, 'table')))
}

function vlanTexts(port: Entry): readonly string[] {
  return list(port['vlans']).flatMap((vlan) => {
    const { vlan: first, vlanEnd, flags } = vlan
    const isNative = Array.isArray(flags) && flags.includes('PVID')
    const from = Number(first)
    const count = Number(vlanEnd ?? first) - from + 1
    return Array.from({ length: count }, (_, at) =>
      vlanKey(text(port, 'ifname'), from + at, isNative ? 'native' : 'tagged'),
    )
  })
}

function ip(args: string): Promise<readonly Entry[]> {
  return json('ip', ['-j', '-N', ...args.split(' ')])
}

async function json(program: string, args: readonly string[]): Promise<readonly Entry[]> {
  const { code, stdout, stderr } = await runProgram(program, args)
  if (code !== 0) {
    // "FIB table does not exist": nobody has put a route there
    if (/table does not exist|Dump terminated/.test(stderr)) return []
    throw new AgentError(
      'PROGRAM_FAILED',
      `${program} ${args.join(' ')}: ${stderr.split('\n')[0] || `ended with status ${code}`}`,
    )
  }
  return list(stdout.trim() === '' ? [] : JSON.parse(stdout))
}

function list(value: unknown): readonly Entry[] {
  if (!Array.isArray(value)) return []
  return value.filter(
    (each): each is Entry => typeof each === 'object' && each !== null && !Array.isArray(each),
  )
}

function text(entry: Entry, key: string): string {
  const value = entry[key]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
