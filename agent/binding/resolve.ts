import type { Binding, BindingProblem } from './binding.js'
import { readNetworkTags } from './network-tags.js'
import { resolveDhcp4 } from './resolve-dhcp4.js'
import { hostNames, resolveDhcp6 } from './resolve-dhcp6.js'
import { resolveNeighbours, resolveRa } from './resolve-ra.js'
import type {
  Dhcp4Network,
  Dhcp6Network,
  Dhcp6Service,
  NeighbourService,
  NicService,
  RaService,
} from './service.js'
import { type CompleteSettings, mergeSettings, type NicSettings } from './settings.js'

/** What the configuration says of all NICs. */
export interface ServiceDefaults {
  /** Networks that are served without a tag of theirs, by name or UUID; `all`: every NIC, also those without network. */
  readonly servedNetworks: 'all' | ReadonlySet<string>
  readonly settings: CompleteSettings
  /** Sections `[network NAME]`, by name or UUID. */
  readonly networks: ReadonlyMap<string, NicSettings>
}

/** What one NIC is told, and what of its binding could not be used. */
export interface ResolvedService {
  readonly service: NicService
  /** Never fatal: what is wrong is left out, or its default holds. */
  readonly problems: readonly BindingProblem[]
}

/** Where a resolver notes what it leaves out. */
export type NoteProblem = (key: string, message: string) => void

/** A binding with its settings merged: what the resolvers of the protocols work on. */
export interface MergedBinding {
  readonly binding: Binding
  readonly settings: CompleteSettings
  readonly isGateway: boolean
  /** Option 12 and the like: the first label. */
  readonly hostname: string
  readonly domain: string | undefined
  readonly shared: Shared
}

/**
 * Values that NICs have in common, by all that they are made of beside the settings: ten thousand NICs of one bridge share one of
 * each. What is noted when a value is made is told of the NIC that came first.
 */
export interface Shared {
  readonly dhcp4: Sharing<Dhcp4Network>
  readonly dhcp6: Sharing<Dhcp6Network>
  readonly ra: Sharing<RaService | undefined>
  readonly neighbours: Sharing<NeighbourService>
}

/** The value that was made of these, else the one that is made now. */
export type Sharing<T> = (parts: readonly unknown[], make: () => T) => T

/** What NICs may be told, under one configuration. */
export type ServiceResolver = (binding: Binding) => ResolvedService

/** What NICs with the same network and tags, and without settings of their own, have in common. */
interface Common {
  readonly settings: CompleteSettings
  readonly isServed: boolean
  readonly wantsDhcp6: boolean
  readonly problems: readonly BindingProblem[]
  readonly shared: Shared
}

/** Networks that are remembered, and values of one network: beyond, all are worked out anew. */
const maxCommon = 1024

/**
 * What a NIC may be told: the configuration's defaults, over them its section of the network, the network's tags, and the
 * binding's own settings.
 *
 * Nothing is served unless the network carries tag `nfdhcpd`, `okeanid:dhcp`, `okeanid:ra` or `okeanid:dhcpv6`, the
 * configuration names it, the binding itself switches a service on, or the file is nfdhcpd's.
 */
export function createServiceResolver(defaults: ServiceDefaults): ServiceResolver {
  const known = new Map<string, Common>()
  return (binding) => {
    for (const _ in binding.settings) return resolve(binding, commonOf(binding, defaults))
    const { name, uuid, tags } = binding.network ?? { name: '', uuid: '', tags: [] }
    const key = `${binding.source} ${name} ${uuid} ${tags.join(' ')}`
    const common = known.get(key) ?? commonOf(binding, defaults)
    if (known.size >= maxCommon) known.clear()
    known.set(key, common)
    return resolve(binding, common)
  }
}

/** What one NIC may be told. */
export function resolveService(binding: Binding, defaults: ServiceDefaults): ResolvedService {
  return createServiceResolver(defaults)(binding)
}

function commonOf(binding: Binding, defaults: ServiceDefaults): Common {
  const { network, source } = binding
  const tags = readNetworkTags(network?.tags ?? [])
  const layers = [sectionOf(binding, defaults), tags.settings, binding.settings]
  return {
    settings: mergeSettings(defaults.settings, layers),
    isServed: tags.isServed || source === 'nfdhcpd' || isNamed(binding, defaults),
    wantsDhcp6: layers.some(({ dhcpv6 }) => dhcpv6 !== undefined),
    problems: tags.problems,
    shared: { dhcp4: sharing(), dhcp6: sharing(), ra: sharing(), neighbours: sharing() },
  }
}

function sharing<T>(): Sharing<T> {
  const made = new Map<string, T>()
  return (parts, make) => {
    const key = JSON.stringify(parts)
    const known = made.get(key)
    if (known !== undefined) return known
    const value = make()
    if (made.size >= maxCommon) made.clear()
    made.set(key, value)
    return value
  }
}

function resolve(binding: Binding, common: Common): ResolvedService {
  const { settings, isServed } = common
  const problems: BindingProblem[] = [...common.problems]
  const note: NoteProblem = (key, message) => {
    problems.push({ key, message })
  }
  const isRouted = binding.mode === 'routed'
  const merged: MergedBinding = {
    binding,
    settings,
    isGateway: settings.isGateway === 'auto' ? isRouted : settings.isGateway,
    ...hostNames(binding.hostname, settings.domain),
    shared: common.shared,
  }
  const wantsDhcp = settings.dhcp === 'auto' ? isServed : settings.dhcp
  // without a prefix of its own the network has no IPv6 that we know of, and whoever gives it one keeps it
  const hasIpv6 = binding.network?.subnet6 !== undefined
  const wantsRa = hasIpv6 && (settings.ra === 'auto' ? isServed && isRouted : settings.ra)
  const dhcp6 = wantsRa || common.wantsDhcp6 ? resolveDhcp6(merged, note) : undefined
  const ra = wantsRa ? sharedRa(merged, dhcp6, note) : undefined
  return {
    service: {
      tap: binding.tap,
      mac: binding.mac,
      instance: binding.instance,
      nic: binding.nic,
      network: binding.network?.name,
      mode: binding.mode,
      sourceDevice: binding.sourceDevice,
      ip6: binding.ip6,
      isGateway: merged.isGateway,
      whenDown: settings.whenDown,
      checksSource: settings.checksSource,
      dhcp4: wantsDhcp ? resolveDhcp4(merged, note) : undefined,
      ra,
      neighbours: ra && isRouted && merged.isGateway ? resolveNeighbours(merged) : undefined,
      dhcp6,
    },
    problems,
  }
}

function sharedRa(
  merged: MergedBinding,
  dhcp6: Dhcp6Service | undefined,
  note: NoteProblem,
): RaService | undefined {
  const { binding, domain, shared } = merged
  const { subnet6, gateway6 } = binding.network ?? {}
  const parts = [
    binding.mode,
    subnet6,
    gateway6,
    domain,
    dhcp6 !== undefined,
    dhcp6?.address !== undefined,
  ]
  return shared.ra(parts, () => resolveRa(merged, { dhcp6, note }))
}

function sectionOf({ network }: Binding, { networks }: ServiceDefaults): NicSettings {
  return networks.get(network?.name ?? '') ?? networks.get(network?.uuid ?? '') ?? {}
}

function isNamed({ network }: Binding, { servedNetworks }: ServiceDefaults): boolean {
  if (servedNetworks === 'all') return true
  return servedNetworks.has(network?.name ?? '') || servedNetworks.has(network?.uuid ?? '')
}
