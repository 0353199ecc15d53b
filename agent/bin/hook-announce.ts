/**
 * `okeanid hooks announce`: gratuitous ARP and unsolicited neighbour advertisements for the instance of a hook, three times, for nodes
 * without the nics role, which does it by itself and sooner.
 *
 * Only what is true now is told: a tap of the instance must be a port of the NIC's bridge on this node, whatever the hook said, for the hook may be
 * late and the guest elsewhere by now. It is told on the bridge's other ports that are no guest's. Guests on the same bridge need not
 * hear it, because the hardware address stays the same. Left alone: routed NICs, Open vSwitch, VLANs within a bridge.
 */
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { linkLocalOfMac } from '#addr/eui64.js'
import { type IfName, parseIfName } from '#addr/if-name.js'
import { AgentError, systemCode } from '#errors.js'
import { FRAME_SLOT_BYTES, FRAME_SLOTS, type Frames, openFrames } from '#kernel/frames.js'
import { type BridgeNow, bridgeOf, ifindexOf, isTap } from '#kernel/tap-now.js'
import { isIpv6 } from '#nic/tap.js'
import { hookNics, hookWords } from '#script/nics.js'
import { loadConfig } from '#service/config.js'
import { printable, printLine } from '#service/log.js'
import { hypervisorFolder } from '#watch/running-instances.js'
import { arpAnnouncement, neighbourAnnouncement } from '#wire/announcement.js'

/** RFC 5227 §1.1 has two; QEMU and the kernel's bonding send more. */
const burstCount = 3
const burstMs = 1000

interface OutgoingFrame {
  readonly ifindex: number
  readonly bytes: Uint8Array
}

/**
 * Announces, and prints how many frames left.
 * @throws AgentError INPUT_UNREADABLE when the environment is no instance's hook; ROOT_NEEDED; NATIVE_MISSING
 */
export async function announceInstance(
  location: { readonly file: string; readonly isRequired: boolean },
  {
    variable,
    json,
  }: {
    readonly variable: (name: string) => string | undefined
    readonly json?: true | undefined
  },
): Promise<void> {
  const word = hookWords(variable)
  const instance = word('INSTANCE_NEW_NAME') ?? word('INSTANCE_NAME')
  if (instance === undefined || !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(instance))
    throw new AgentError('INPUT_UNREADABLE', 'hooks announce: this is no hook of an instance')
  const { config } = await loadConfig(location.file, location)
  const taps = await tapsOf(path.join(config.ganeti.root, hypervisorFolder, 'nic', instance))
  const bridges = taps.flatMap((tap) => bridgeOf(tap) ?? [])
  const frames = hookNics(word).flatMap(({ mode, link, vlan, mac, addresses }) => {
    const bridge = bridges.find(({ name }) => name === link)
    if (mode !== 'bridged' || mac === undefined || bridge === undefined) return []
    if (bridge.isVlanAware && vlan !== undefined) return []
    return uplinksOf(bridge).flatMap((ifindex) =>
      [...addresses, linkLocalOfMac(mac)].map((address) => ({
        ifindex,
        bytes: isIpv6(address)
          ? neighbourAnnouncement({ address, mac })
          : arpAnnouncement({ address, mac }),
      })),
    )
  })
  let sentCount = 0
  await using socket = openFrames()
  for (let burst = 0; burst < burstCount && frames.length > 0; burst++) {
    if (burst > 0) await delay(burstMs)
    sentCount += send(socket, frames)
  }
  const facts = { instance, taps: taps.length, frames: sentCount }
  printLine(
    json
      ? JSON.stringify(facts)
      : printable(`${instance}: ${taps.length} taps here, ${sentCount} frames sent`),
  )
}

/** The taps that Ganeti notes for an instance that runs here; none for one that does not. */
async function tapsOf(folder: string): Promise<readonly IfName[]> {
  try {
    const names = await readdir(folder)
    const texts = await Promise.all(names.map((name) => readFile(path.join(folder, name), 'utf8')))
    return texts.flatMap((text) => parseIfName(text.trim()) ?? [])
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}

function uplinksOf({ ports }: BridgeNow): readonly number[] {
  return ports.filter((port) => !isTap(port)).flatMap((port) => ifindexOf(port) ?? [])
}

/** @returns how many left */
function send(socket: Frames, frames: readonly OutgoingFrame[]): number {
  const some = frames.slice(0, FRAME_SLOTS)
  for (const [slot, { ifindex, bytes }] of some.entries()) {
    socket.bytes.set(bytes, slot * FRAME_SLOT_BYTES)
    socket.ifindexes[slot] = ifindex
    socket.lengths[slot] = bytes.length
  }
  return some.length - socket.send(some.length)
}
