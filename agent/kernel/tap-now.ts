import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import path from 'node:path'
import { type IfName, parseIfName } from '#addr/if-name.js'
import { type Mac, parseMac } from '#addr/mac.js'

/** A bridge as far as announcements need to know it. */
export interface BridgeNow {
  readonly name: IfName
  readonly isVlanAware: boolean
  /** The VLAN of frames without a tag; 0 for none. */
  readonly defaultVlan: number
  readonly ports: readonly IfName[]
}

/** Frames that came from the guest behind a tap since the tap was made; undefined when there is no such interface. */
export function framesFromGuest(tap: IfName): number | undefined {
  return numberIn(tap, 'statistics/rx_packets')
}

/** The index of an interface; undefined when there is none of this name. */
export function ifindexOf(device: IfName): number | undefined {
  return numberIn(device, 'ifindex')
}

/** The hardware address of an interface; undefined when it has none, or is not there. */
export function macOf(device: IfName): Mac | undefined {
  return parseMac(textIn(device, 'address') ?? '')
}

/** Whether an interface is a tap or tun: a guest's. */
export function isTap(device: IfName): boolean {
  return textIn(device, 'tun_flags') !== undefined
}

/** The bridge that an interface is a port of; undefined for none, and for what is no bridge of the kernel's. */
export function bridgeOf(port: IfName): BridgeNow | undefined {
  try {
    const name = parseIfName(path.basename(readlinkSync(path.join(net, port, 'master'))))
    if (name === undefined) return undefined
    const ports = readdirSync(path.join(net, name, 'brif')).flatMap(
      (entry) => parseIfName(entry) ?? [],
    )
    const isVlanAware = numberIn(name, 'bridge/vlan_filtering') === 1
    return { name, isVlanAware, defaultVlan: numberIn(name, 'bridge/default_pvid') ?? 0, ports }
  } catch {
    return undefined
  }
}

function numberIn(device: IfName, file: string): number | undefined {
  const text = textIn(device, file)
  return text === undefined ? undefined : Number(text)
}

function textIn(device: IfName, file: string): string | undefined {
  try {
    return readFileSync(path.join(net, device, file), 'utf8').trim()
  } catch {
    return undefined
  }
}

const net = '/sys/class/net'
