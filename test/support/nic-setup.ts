import { readFileSync } from 'node:fs'
import { type IfName, parseIfName } from '#addr/if-name.js'
import { parseNicEnvironment } from '#ganeti/nic-environment.js'
import type { NicWords } from '#ganeti/nic-words.js'
import { decideNic } from '#nic/decide.js'
import type { DesiredNic } from '#nic/desired.js'
import type { NicFacts } from '#nic/facts.js'
import { nicOfWords } from '#nic/ganeti-nic.js'
import type { Nic } from '#nic/nic.js'
import { type NicConfig, parseNicConfig } from '#nic/nic-config.js'
import { fixturePath } from './fixture.js'

/** Variables of a NIC script, by name. */
export type Variables = Readonly<Record<string, string>>

/** What Ganeti gave a NIC script, recorded: one variable a line, with comments. */
export function recordedVariables(name: string): Variables {
  const lines = readFileSync(fixturePath('nic', `${name}.env`), 'utf8').split('\n')
  return Object.fromEntries(
    lines
      .filter((line) => line.includes('=') && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
}

/** A NIC on bridge br0 with an IPv4 address, in a network of both families. */
export const bridgedVariables: Variables = {
  INTERFACE: 'tap0',
  INTERFACE_INDEX: '0',
  INTERFACE_UUID: 'e6875e8f-ba79-460d-965d-e9c75ddf2afe',
  INSTANCE: 'vm1.example.com',
  TAGS: '',
  MAC: 'aa:00:01:a8:02:be',
  MODE: 'bridged',
  LINK: 'br0',
  BRIDGE: 'br0',
  VLAN: '',
  IP: '192.0.2.2',
  NETWORK_NAME: 'net-public',
  NETWORK_UUID: '5d328a02-7063-4a18-9e5c-4715566db1ab',
  NETWORK_TAGS: '',
  NETWORK_SUBNET: '192.0.2.0/24',
  NETWORK_GATEWAY: '192.0.2.1',
  NETWORK_SUBNET6: '2001:db8:1::/64',
  NETWORK_GATEWAY6: '2001:db8:1::1',
}

/** The same NIC, routed by table vmrt. */
export const routedVariables: Variables = {
  ...without(bridgedVariables, 'BRIDGE'),
  MODE: 'routed',
  LINK: 'vmrt',
}

/** Variables without some of them. */
export function without(variables: Variables, ...names: readonly string[]): Variables {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !names.includes(name)))
}

/** The words of good variables. */
export function wordsOf(variables: Variables): NicWords {
  const found = parseNicEnvironment(variables, {})
  if (found.kind !== 'nic') throw new Error(JSON.stringify(found))
  return found.words
}

/** The NIC of good variables. */
export function nicOf(variables: Variables): Nic {
  return nicOfWords(wordsOf(variables))
}

/** A configuration by its sections. */
export function nicConfig(sections: Readonly<Record<string, Variables>> = {}): NicConfig {
  const parsed = parseNicConfig(JSON.stringify({ version: 1, sections }))
  if (!parsed.ok || parsed.value.problems.length > 0) throw new Error(JSON.stringify(parsed))
  return parsed.value.config
}

/** What is decided for a NIC; throws where nothing can be. */
export function desiredOf(
  variables: Variables,
  sections: Readonly<Record<string, Variables>> = {},
): DesiredNic {
  const decided = decideNic(nicOf(variables), { config: nicConfig(sections), stance: undefined })
  if (!decided.ok) throw new Error(decided.problem)
  return decided.value
}

/** A host on which everything is there: a plain bridge br0 with uplink eth1. */
export const usualFacts: NicFacts = {
  tap: { ifindex: 7, master: undefined },
  bridge: { mtu: 1500, isVlanAware: false, defaultVlan: 1, ports: ifNames('eth1'), isOurs: false },
  uplinks: { v4: ifName('eth1'), v6: ifName('eth1') },
  privateVlan: undefined,
}

/** Interface names. */
export function ifNames(...names: readonly string[]): readonly IfName[] {
  return names.map(ifName)
}

function ifName(text: string): IfName {
  const name = parseIfName(text)
  if (name === undefined) throw new Error(text)
  return name
}
