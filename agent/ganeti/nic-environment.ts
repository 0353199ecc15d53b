import { formatCidr } from '#addr/cidr.js'
import type { IfName } from '#addr/if-name.js'
import {
  address,
  kinds,
  label,
  type NicSource,
  network,
  optional,
  required,
  tagList,
  words,
} from './nic-values.js'
import type { NetworkDescription, NicModeWord, NicWords } from './nic-words.js'
import { formatVlan } from './vlan.js'

/** An environment, by name. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * What a NIC script was started for.
 *
 * - `nic`: this NIC
 * - `communication`: a tap of Ganeti's own between host and guest, which is none of ours
 * - `faulty`: the environment does not say what it must; each problem is a sentence of printable ASCII
 */
export type NicEnvironment =
  | {
      readonly kind: 'nic'
      /** Always `up` before Ganeti 3.2. */
      readonly action: 'up' | 'down'
      /** Only in a migration under Ganeti 3.2. */
      readonly migrationPhase: 'pre' | 'post' | undefined
      readonly words: NicWords
      /** What was left out, and why. */
      readonly warnings: readonly string[]
    }
  | { readonly kind: 'communication'; readonly tap: IfName }
  | { readonly kind: 'faulty'; readonly problems: readonly string[] }

/** Taps of instance communication are called so (constants.INSTANCE_COMMUNICATION_NETWORK_PREFIX: gnt.com.%d). */
export function isCommunicationTap(name: string): boolean {
  return name.startsWith('gnt.com.')
}

/** The variables that say the same of a NIC; {@link parseNicEnvironment} reads them. */
export function nicEnvironment(nic: NicWords): Readonly<Record<string, string>> {
  const { network } = nic
  const bridge = nic.mode === 'bridged' ? nic.link : undefined
  const all: Readonly<Record<string, string | undefined>> = {
    INTERFACE: nic.tap,
    INTERFACE_INDEX: String(nic.index),
    INTERFACE_UUID: nic.uuid,
    INTERFACE_NAME: nic.name,
    INSTANCE: nic.instance,
    TAGS: nic.instanceTags.join(' '),
    MAC: nic.mac,
    MODE: nic.mode,
    LINK: nic.link === '' ? undefined : nic.link,
    BRIDGE: bridge,
    VLAN: nic.vlan === undefined ? '' : formatVlan(nic.vlan),
    IP: nic.ip ?? nic.ip6,
    NETWORK_NAME: network?.name,
    NETWORK_UUID: network?.uuid,
    NETWORK_TAGS: network?.tags.join(' '),
    NETWORK_SUBNET: network?.subnet && formatCidr(network.subnet),
    NETWORK_GATEWAY: network?.gateway,
    NETWORK_SUBNET6: network?.subnet6 && formatCidr(network.subnet6),
    NETWORK_GATEWAY6: network?.gateway6,
    NETWORK_MAC_PREFIX: network?.macPrefix,
  }
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])),
  )
}

/** Variables that Ganeti sets only for some NICs: what the daemon itself was started with shines through where it does not. */
const sometimesSet = [
  'ACTION',
  'BRIDGE',
  'INTERFACE_NAME',
  'IP',
  'LINK',
  'MIGRATION_PHASE',
  'NETWORK_GATEWAY',
  'NETWORK_GATEWAY6',
  'NETWORK_MAC_PREFIX',
  'NETWORK_NAME',
  'NETWORK_SUBNET',
  'NETWORK_SUBNET6',
  'NETWORK_TAGS',
  'NETWORK_UUID',
  'VLAN',
]

/** Whether a process was started for the same NIC: then it is one of Ganeti's scripts, and the daemon is further up. */
export function isOfSameNic(env: Environment, other: Environment): boolean {
  const uuid = env['INTERFACE_UUID'] ?? ''
  return uuid !== '' && other['INTERFACE_UUID'] === uuid && other['INTERFACE'] === env['INTERFACE']
}

/**
 * Reads the environment of a NIC script (hv_base.ConfigureNIC). Nothing but Ganeti's own variables is looked at.
 *
 * Ganeti does not clear the environment: its daemon's own variables come along, so an `IP` that somebody had in his shell when he
 * restarted the daemon would become the address of every NIC without one. What is not always set by Ganeti and stands with the
 * same value in `inherited` is taken for that and left out.
 * @param inherited the daemon's environment, which is the parent process'; empty where it cannot be read. One of a script that was
 *   started for this very NIC ({@link isOfSameNic}) tells nothing
 */
export function parseNicEnvironment(env: Environment, inherited: Environment): NicEnvironment {
  const problems: string[] = []
  const { isInherited, warnings } = inheritance(env, inherited)
  const source: NicSource = {
    text: (name) => (isInherited(name) ? undefined : env[name]),
    note: (problem) => {
      problems.push(problem)
    },
  }
  const warn = (warning: string) => {
    warnings.push(warning)
  }
  const tap = required(source, 'INTERFACE', kinds.ifName)
  if (tap !== undefined && isCommunicationTap(tap)) return { kind: 'communication', tap }
  const mode = required(source, 'MODE', kinds.mode)
  const needed = {
    instance: required(source, 'INSTANCE', kinds.instance),
    index: required(source, 'INTERFACE_INDEX', kinds.index),
    uuid: required(source, 'INTERFACE_UUID', kinds.uuid),
    mac: required(source, 'MAC', kinds.mac),
  }
  const rest = {
    name: label(source, 'INTERFACE_NAME', warn),
    vlan: optional(source, 'VLAN', kinds.vlan),
    link: linkOf(source, mode),
    ...address(source, 'IP'),
    network: networkOf(source, warn),
    instanceTags: tagList(words(env['TAGS'])),
  }
  const action = optional(source, 'ACTION', actions) ?? 'up'
  const migrationPhase = optional(source, 'MIGRATION_PHASE', phases)
  const { instance, index, uuid, mac } = needed
  if (
    problems.length > 0 ||
    tap === undefined ||
    mode === undefined ||
    instance === undefined ||
    index === undefined ||
    uuid === undefined ||
    mac === undefined
  ) {
    return { kind: 'faulty', problems }
  }
  const nic: NicWords = { tap, mode, instance, index, uuid, mac, ...rest }
  return { kind: 'nic', action, migrationPhase, words: nic, warnings }
}

const actions = {
  parse: (text: string) => (['up', 'down'] as const).find((word) => word === text),
  what: 'up or down',
}
const phases = {
  parse: (text: string) => (['pre', 'post'] as const).find((word) => word === text),
  what: 'pre or post',
}

function inheritance(
  env: Environment,
  inherited: Environment,
): { readonly isInherited: (name: string) => boolean; readonly warnings: string[] } {
  const always = alwaysSet(env['MODE'])
  const daemon = isOfSameNic(env, inherited) ? {} : inherited
  const found = sometimesSet.filter(
    (name) => !always.includes(name) && env[name] && env[name] === daemon[name],
  )
  return {
    isInherited: (name) => found.includes(name),
    warnings: found.map(
      (name) =>
        `${name} is in the environment of Ganeti's daemon itself and was left out; restart ganeti without it`,
    ),
  }
}

/** A NIC on a bridge or switch has a link, and its bridge is named beside it. */
function alwaysSet(mode: string | undefined): readonly string[] {
  if (mode === 'bridged') return ['LINK', 'BRIDGE', 'VLAN']
  return mode === 'openvswitch' ? ['LINK', 'VLAN'] : []
}

function linkOf(source: NicSource, mode: NicModeWord | undefined): string {
  switch (mode) {
    case 'bridged': {
      const link = required(source, 'LINK', kinds.ifName)
      const bridge = optional(source, 'BRIDGE', kinds.ifName)
      if (link !== undefined && bridge !== undefined && bridge !== link) {
        source.note(`BRIDGE is ${bridge}, but LINK is ${link}`)
      }
      return link ?? ''
    }
    case 'openvswitch':
      return required(source, 'LINK', kinds.ifName) ?? ''
    case 'routed':
    case 'ext':
    case undefined:
      return optional(source, 'LINK', kinds.link) ?? ''
  }
}

/** Ganeti says name and UUID of a network together: one without the other is somebody else's. */
function networkOf(
  source: NicSource,
  warn: (warning: string) => void,
): NetworkDescription | undefined {
  const has = (name: string) => (source.text(name) ?? '') !== ''
  if (!has('NETWORK_NAME') && !has('NETWORK_UUID')) return undefined
  if (!has('NETWORK_UUID') || !has('NETWORK_NAME')) {
    const [there, absent] = has('NETWORK_NAME')
      ? ['NETWORK_NAME', 'NETWORK_UUID']
      : ['NETWORK_UUID', 'NETWORK_NAME']
    warn(`${there} stands without ${absent}, which Ganeti never does: it was left out`)
    return undefined
  }
  return network(source, {
    name: 'NETWORK_NAME',
    uuid: 'NETWORK_UUID',
    warn,
    tags: tagList(words(source.text('NETWORK_TAGS'))),
    of: {
      subnet: 'NETWORK_SUBNET',
      gateway: 'NETWORK_GATEWAY',
      subnet6: 'NETWORK_SUBNET6',
      gateway6: 'NETWORK_GATEWAY6',
      macPrefix: 'NETWORK_MAC_PREFIX',
    },
  })
}
