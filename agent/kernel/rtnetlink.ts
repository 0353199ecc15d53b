import { AgentError, systemCode } from '#errors.js'
import {
  attribute,
  attributesOf,
  bytes32,
  bytesOfText,
  hostNumber,
  netlinkFlags,
  netlinkMessage,
  netlinkMessages,
} from '#wire/netlink.js'
import type { IpRequest } from './ip-line.js'
import { type Addon, loadAddon } from './native.js'

/** Asks the kernel of interfaces and routes; without a program, which would cost milliseconds. */
export interface Rtnetlink {
  /**
   * Makes a change.
   * @throws Error with `code` when the kernel refuses, AgentError PROGRAM_FAILED when there is no such interface
   */
  change(request: IpRequest): void
  /** The name of the device of a table's default route, of the first hop where there are several; undefined when there is none. */
  defaultDevice(family: 4 | 6, table: number): string | undefined
}

/** Undefined without the addon: then `ip` has to do. */
export function openRtnetlink(): Rtnetlink | undefined {
  let addon: Addon
  try {
    addon = loadAddon()
  } catch {
    return undefined
  }
  const ask = (request: Uint8Array) => addon.askNetlink({ protocol: routeProtocol, request })
  const indexOf = (name: string): number => {
    try {
      return indexIn(ask(indexRequest(name)))
    } catch (cause) {
      if (systemCode(cause) !== 'ENODEV') throw cause
      throw new AgentError('PROGRAM_FAILED', `Cannot find device "${name}"`, { cause })
    }
  }
  return {
    change: (request) => void ask(request(indexOf)),
    defaultDevice(family, table) {
      const index = steadily(() => {
        try {
          return defaultIndex(ask(routesRequest(family, table)), table)
        } catch (error) {
          if (systemCode(error) === 'ENOENT') return undefined // there is no such table yet
          throw error
        }
      })
      return index === undefined ? undefined : nameIn(ask(linkRequest(index)))
    },
  }
}

// linux/netlink.h, linux/rtnetlink.h
const routeProtocol = 0
const getLink = 18
const getRoute = 26
const routeBytes = 12
const linkBytes = 16
const interfaceName = 3

/** How often routes are asked for anew when others changed them meanwhile. */
const maxAttempts = 20

/** Not of /sys, which may be another network's than ours. */
function indexRequest(name: string): Uint8Array {
  return netlinkMessage({
    type: getLink,
    flags: netlinkFlags.request,
    parts: [new Uint8Array(linkBytes), attribute(interfaceName, bytesOfText(name))],
  })
}

/** The number of the interface is the second word. */
function indexIn(answer: Uint8Array): number {
  const [link] = netlinkMessages(answer)
  return link === undefined ? 0 : hostNumber(link.body.subarray(4, 8))
}

/** All routes of a table: kernels before 4.20 give those of all tables. */
function routesRequest(family: 4 | 6, table: number): Uint8Array {
  return netlinkMessage({
    type: getRoute,
    flags: netlinkFlags.request | netlinkFlags.dump,
    parts: [
      Uint8Array.of(family === 4 ? 2 : 10, 0, 0, 0, 0, 0, 0, 0),
      bytes32(0),
      attribute(15, bytes32(table)),
    ],
  })
}

function linkRequest(index: number): Uint8Array {
  return netlinkMessage({
    type: getLink,
    flags: netlinkFlags.request,
    parts: [bytes32(0), bytes32(index), bytes32(0), bytes32(0)],
  })
}

/** RTA_TABLE 15, RTA_OIF 4, RTA_MULTIPATH 9; `rtm_dst_len` is the second byte. */
function defaultIndex(answer: Uint8Array, table: number): number | undefined {
  for (const { body } of netlinkMessages(answer)) {
    if (body[1] !== 0) continue
    const attributes = attributesOf(body, routeBytes)
    if (hostNumber(attributes.get(15) ?? body.subarray(4, 5)) !== table) continue
    // struct rtnexthop has the number of the device in its second word
    const device = attributes.get(4) ?? attributes.get(9)?.subarray(4, 8)
    if (device !== undefined) return hostNumber(device)
  }
  return undefined
}

function nameIn(answer: Uint8Array): string | undefined {
  const [link] = netlinkMessages(answer)
  const name = link && attributesOf(link.body, linkBytes).get(interfaceName)
  return name && String.fromCharCode(...name).split('\0', 1)[0]
}

function steadily<T>(read: () => T): T {
  for (let attempt = 1; ; attempt++) {
    try {
      return read()
    } catch (error) {
      if (systemCode(error) !== 'EINTR' || attempt === maxAttempts) throw error
    }
  }
}
