/**
 * Tells a guest's neighbours where it is, when this node's QEMU really runs it: three times, a second apart.
 *
 * Never from `nic up`: on a migration to a bridged NIC that runs seconds before the guest does, while it still runs at the source. What
 * tells is the first frame that comes from the guest: QEMU's own announcement after a migration, or whatever a guest sends first. A routed
 * guest may have run for long when Ganeti sets its tap up, and then say nothing because nobody asks: its host asks it for its own address,
 * as its gateway. Only the count of frames is looked at, never a byte of them.
 *
 * Failure: a frame that the kernel does not take is one of three; QEMU's and the guest's own announcements come beside ours.
 */
import { readdirSync } from 'node:fs'
import type { IfName } from '#addr/if-name.js'
import { parseIfName } from '#addr/if-name.js'
import type { Ipv4 } from '#addr/ipv4.js'
import type { Mac } from '#addr/mac.js'
import { FRAME_SLOT_BYTES, FRAME_SLOTS, type Frames } from '#kernel/frames.js'
import { readRecord, stampOfRecord } from '#kernel/nic-files.js'
import { bridgeOf, framesFromGuest, ifindexOf, isTap, macOf } from '#kernel/tap-now.js'
import { type Segment, type Voice, voicesOf } from '#nic/announce/voices.js'
import { createWaitingRoom } from '#nic/announce/waiting-room.js'
import { type NicRecord, parseNicRecord } from '#nic/record.js'
import { isIpv6 } from '#nic/tap.js'
import type { Log } from '#service/log.js'
import type { Task } from '#service/tasks.js'
import { createDirectoryFollower } from '#watch/directory-follower.js'
import { createWakeup } from '#watch/wakeup.js'
import { arpAnnouncement, arpQuestion, neighbourAnnouncement } from '#wire/announcement.js'

/** What the task works with. */
export interface AnnounceParts {
  /** Records of NICs, one file a tap. */
  readonly recordsDirectory: string
  readonly frames: Frames
  readonly log: Log
}

/** The task, and what it has done. */
export interface Announcing {
  readonly task: Task
  /** NICs that were announced, frames that left, and frames that the kernel did not take, since the start. */
  counts(): { readonly nics: number; readonly frames: number; readonly refused: number }
  /** NICs whose guest was not seen to run yet. */
  waitingCount(): number
}

/** How often the watch is seen to. */
const ensureMs = 5000

/** How often records are listed whatever the kernel tells. */
const rescanMs = 120_000

/** How often a routed guest is asked whether it runs: often at first, then seldom. */
const askEveryMs = (waitedMs: number): number => (waitedMs < 10_000 ? 200 : 5000)

/** A NIC that is in the room. */
interface Known {
  readonly record: NicRecord
  /** Of the version that was read. */
  readonly stamp: string | undefined
  readonly sinceMs: number
  askMs: number
}

/** Follows the records of NICs and announces each once its guest runs. */
export function announceTask({ recordsDirectory, frames, log }: AnnounceParts): Announcing {
  const room = createWaitingRoom()
  const known = new Map<IfName, Known>()
  const counts = { nics: 0, frames: 0, refused: 0 }
  let isFirstScan = true

  function readTap(tap: IfName): void {
    const stamp = stampOfRecord(recordsDirectory, tap)
    const before = known.get(tap)
    // what nobody changed is not read again: there may be thousands
    if (before !== undefined && before.stamp === stamp && ifindexOf(tap) === before.record.ifindex)
      return
    const text = readRecord(recordsDirectory, tap)
    const parsed = text === undefined ? undefined : parseNicRecord(text)
    const ifindex = ifindexOf(tap)
    if (parsed?.ok !== true || ifindex === undefined || parsed.value.ifindex !== ifindex) {
      known.delete(tap)
      room.leave(tap)
      return
    }
    const nowMs = performance.now()
    // of one that was found running somebody else has told
    const isAdopted = parsed.value.adoptedAtSeconds !== undefined
    const isOld = isAdopted || (isFirstScan && (framesFromGuest(tap) ?? 0) > 0)
    if (isOld) room.pass(tap, ifindex)
    else room.enter(tap, ifindex, nowMs)
    const isSame = before?.record.ifindex === ifindex
    const now = { record: parsed.value, stamp }
    known.set(tap, isSame ? { ...before, ...now } : { ...now, sinceMs: nowMs, askMs: nowMs })
  }

  function listed(): readonly IfName[] {
    try {
      return readdirSync(recordsDirectory).flatMap((name) => tapOfFile(name) ?? [])
    } catch {
      return [] // no NIC was set up yet
    }
  }

  function look(tap: IfName, nowMs: number): void {
    const entry = known.get(tap)
    const count = framesFromGuest(tap)
    if (entry === undefined || count === undefined || ifindexOf(tap) !== entry.record.ifindex) {
      known.delete(tap)
      room.leave(tap)
    } else if (count > 0) {
      room.runs(tap, nowMs)
      counts.nics++
      const { instance } = entry.record.nic
      log('info', 'nic-announced', { tap, instance, waited_ms: Math.round(nowMs - entry.sinceMs) })
    } else if (nowMs >= entry.askMs) {
      entry.askMs = nowMs + askEveryMs(nowMs - entry.sinceMs)
      const question = questionTo(entry.record)
      if (question !== undefined) send([{ ifindex: entry.record.ifindex, bytes: question }])
    }
  }

  function announce(tap: IfName): void {
    const record = known.get(tap)?.record
    if (record !== undefined) send(framesOf(voicesOf(record, segmentOf(tap))))
  }

  function segmentOf(tap: IfName): Segment | undefined {
    const bridge = bridgeOf(tap)
    return (
      bridge && {
        ...bridge,
        ports: bridge.ports.map((device) => ({
          device,
          isTap: isTap(device),
          record: known.get(device)?.record,
        })),
      }
    )
  }

  function send(all: readonly OutgoingFrame[]): void {
    for (let from = 0; from < all.length; from += FRAME_SLOTS) {
      const some = all.slice(from, from + FRAME_SLOTS)
      for (const [slot, { ifindex, bytes }] of some.entries()) {
        frames.bytes.set(bytes, slot * FRAME_SLOT_BYTES)
        frames.ifindexes[slot] = ifindex
        frames.lengths[slot] = bytes.length
      }
      const refused = frames.send(some.length)
      counts.refused += refused
      counts.frames += some.length - refused
    }
  }

  return {
    task: {
      name: 'announce',
      async run(signal) {
        const { wake, sleep } = createWakeup(signal)
        const changed = new Set<IfName>()
        let ensureAtMs = 0
        let scanMs = 0
        const follower = createDirectoryFollower(recordsDirectory, (name) => {
          const tap = name === undefined ? undefined : tapOfFile(name)
          if (name === undefined) scanMs = 0
          else if (tap === undefined) return
          else changed.add(tap)
          wake()
        })
        while (!signal.aborted) {
          if (performance.now() >= ensureAtMs) {
            ensureAtMs = performance.now() + ensureMs
            if ((await follower.ensure()) === 'new') scanMs = 0
          }
          if (performance.now() >= scanMs) {
            scanMs = performance.now() + rescanMs
            for (const tap of [...listed(), ...known.keys()]) changed.add(tap)
          }
          const taps = [...changed]
          changed.clear()
          for (const tap of taps) readTap(tap)
          isFirstScan = false
          const nowMs = performance.now()
          const due = room.take(nowMs)
          for (const tap of due.looks) look(tap, nowMs)
          for (const tap of due.announcements) announce(tap)
          await sleep(Math.max(1, Math.min(ensureAtMs, scanMs, room.nextMs()) - performance.now()))
        }
        follower.close()
      },
    },
    counts: () => counts,
    waitingCount: room.waitingCount,
  }
}

interface OutgoingFrame {
  readonly ifindex: number
  readonly bytes: Uint8Array
}

function framesOf(voices: readonly Voice[]): readonly OutgoingFrame[] {
  return voices.flatMap(({ device, mac = macOf(device), vlan, addresses }) => {
    const ifindex = ifindexOf(device)
    if (ifindex === undefined || mac === undefined) return []
    return addresses.map((address) => ({ ifindex, bytes: announcementOf(address, mac, vlan) }))
  })
}

function announcementOf(
  address: Voice['addresses'][number],
  mac: Mac,
  vlan: number | undefined,
): Uint8Array {
  const tag =
    vlan === undefined
      ? undefined
      : { protocol: 0x8100, priority: 0, isDropEligible: false, id: vlan }
  return isIpv6(address)
    ? neighbourAnnouncement({ address, mac, tag })
    : arpAnnouncement({ address, mac, tag })
}

/** As its gateway, which the guest knows, with the address that the tap has. */
function questionTo({ nic: { mode, tap, mac, ip, network } }: NicRecord): Uint8Array | undefined {
  const askingMac = macOf(tap)
  const askingIp: Ipv4 | undefined = network?.gateway
  if (mode !== 'routed' || ip === undefined || askingIp === undefined || askingMac === undefined)
    return undefined
  return arpQuestion({ askingMac, askingIp, mac, ip })
}

function tapOfFile(name: string): IfName | undefined {
  return name.endsWith('.json') && !name.startsWith('.')
    ? parseIfName(name.slice(0, -5))
    : undefined
}
