import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import path from 'node:path'
import { type IfName, parseIfName } from '#addr/if-name.js'
import type { DesiredNic, PrivateVlan } from '#nic/desired.js'
import { type BridgeFacts, type NicFacts, ownAlias, type TapFacts } from '#nic/facts.js'
import type { Left } from '#nic/left.js'
import { parseTable } from './ip-line.js'
import { openRtnetlink } from './rtnetlink.js'
import { runProgram } from './run-program.js'

/** What a plan for a NIC wants to know of the host: some files of /sys, and routes only where nobody said which device they leave by. */
export function readNicFacts(desired: DesiredNic): Promise<NicFacts> {
  return nicFactsReader()(desired)
}

/** Reads the facts of many NICs at one moment: each bridge is looked at once, and each table. */
export function nicFactsReader(): (desired: DesiredNic) => Promise<NicFacts> {
  const bridgeOf = once(readBridge)
  const deviceOf = once(defaultDevice)
  return async ({ nic, attachment }) => {
    const asksRoutes = attachment.kind === 'routed' && attachment.proxyOn === 'auto'
    const bridged = attachment.kind === 'bridged' ? attachment : undefined
    return {
      tap: readTap(nic.tap),
      bridge: bridged === undefined ? undefined : bridgeOf(bridged.bridge),
      uplinks: asksRoutes ? await readUplinks(attachment, deviceOf) : noUplinks,
      privateVlan: readPrivateVlan(bridged?.privateVlan),
    }
  }
}

/** The same answer for the same question. */
function once<Key extends string, T>(read: (key: Key) => T): (key: Key) => T {
  const known = new Map<Key, T>()
  return (key) => {
    const found = known.get(key)
    if (found !== undefined || known.has(key)) return found as T
    const value = read(key)
    known.set(key, value)
    return value
  }
}

/** The same for what a NIC left behind. */
export async function readLeftFacts({ tap, privateBridge }: Left): Promise<NicFacts> {
  return {
    tap: readTap(tap),
    bridge: privateBridge === undefined ? undefined : readBridge(privateBridge.bridge),
    uplinks: noUplinks,
    privateVlan: readPrivateVlan(privateBridge?.vlan),
  }
}

const noUplinks: NicFacts['uplinks'] = { v4: undefined, v6: undefined }

/** The tap, or undefined when there is no such interface. */
export function readTap(tap: IfName): TapFacts | undefined {
  const ifindex = readText(tap, 'ifindex')
  return ifindex === undefined ? undefined : { ifindex: Number(ifindex), master: masterOf(tap) }
}

function readBridge(bridge: IfName): BridgeFacts | undefined {
  const ports = portsOf(bridge)
  if (ports === undefined) return undefined
  return {
    mtu: Number(readText(bridge, 'mtu') ?? 1500),
    isVlanAware: readText(bridge, 'bridge/vlan_filtering') === '1',
    defaultVlan: Number(readText(bridge, 'bridge/default_pvid') ?? 0),
    ports,
    isOurs: isOurs(bridge),
  }
}

function readPrivateVlan(vlan: PrivateVlan | undefined): NicFacts['privateVlan'] {
  if (vlan === undefined) return undefined
  const { device, uplink } = vlan
  return { hasDevice: exists(device), hasUplink: exists(uplink), isOurs: isOurs(device) }
}

async function readUplinks(
  {
    table = 'main',
    routes4,
    routes6,
  }: Extract<DesiredNic['attachment'], { readonly kind: 'routed' }>,
  deviceOf: typeof defaultDevice,
): Promise<NicFacts['uplinks']> {
  const [v4, v6] = await Promise.all([
    routes4.length === 0 ? undefined : deviceOf(`-4 ${table}`),
    routes6.length === 0 ? undefined : deviceOf(`-6 ${table}`),
  ])
  return { v4, v6 }
}

/** The device of a table's default route, asked as `-4 main`; of the first hop where there are several. */
async function defaultDevice(question: string): Promise<IfName | undefined> {
  const [family = '', table = ''] = question.split(' ', 2)
  const number = parseTable(table)
  const rtnetlink = number === undefined ? undefined : openRtnetlink()
  if (number !== undefined && rtnetlink !== undefined)
    return parseIfName(rtnetlink.defaultDevice(family === '-4' ? 4 : 6, number) ?? '')
  const args = [family, '-j', 'route', 'show', 'table', table, 'default']
  const { code, stdout } = await runProgram('ip', args)
  if (code !== 0) return undefined // there is no such table yet
  const name = /"dev":"([^"]+)"/.exec(stdout)?.[1]
  return name === undefined ? undefined : parseIfName(name)
}

function masterOf(device: IfName): IfName | undefined {
  try {
    return parseIfName(path.basename(readlinkSync(path.join(net, device, 'master'))))
  } catch {
    return undefined
  }
}

function portsOf(bridge: IfName): readonly IfName[] | undefined {
  try {
    return readdirSync(path.join(net, bridge, 'brif')).flatMap((name) => parseIfName(name) ?? [])
  } catch {
    return undefined // no such interface, or no bridge
  }
}

function isOurs(device: IfName): boolean {
  return readText(device, 'ifalias') === ownAlias
}

function exists(device: IfName): boolean {
  return existsSync(path.join(net, device))
}

function readText(device: IfName, file: string): string | undefined {
  try {
    return readFileSync(path.join(net, device, file), 'utf8').trim()
  } catch {
    return undefined
  }
}

const net = '/sys/class/net'
