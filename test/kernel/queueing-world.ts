import { parseIfName } from '#addr/if-name.js'
import type { IptablesVariant } from '#kernel/iptables.js'
import { openQueueing, type QueueingOptions } from '#kernel/queueing.js'
import type { SysctlChange, SysctlJournal } from '#kernel/sysctl.js'
import type { QueueNumbers, ServedTap } from '#nic/queueing/plan.js'
import { run } from '../support/own-network.js'
import { type Guest, makeGuest, sendFrom, udpFrame } from './guest.js'

/** Numbers as the shipped configuration has them. */
export const numbers: QueueNumbers = { dhcp4: 42, ra: 43, nd: 44, dhcp6: 45, dropOffset: 100 }

/** Both implementations of iptables. */
export const variants = ['-nft', '-legacy'] as const satisfies readonly IptablesVariant[]

/** A journal in memory. */
export function memoryJournal(): SysctlJournal & {
  readonly changes: () => readonly SysctlChange[]
} {
  let changes: readonly SysctlChange[] = []
  return {
    load: async () => changes,
    save: async (all) => {
      changes = all
    },
    changes: () => changes,
  }
}

/** A tap that is served everything, but for what a test says. */
export function served(tap: string, other: Partial<ServedTap> = {}): ServedTap {
  const name = parseIfName(tap)
  if (name === undefined) throw new Error(`no name of an interface: ${tap}`)
  return {
    tap: name,
    mode: 'routed',
    whenDown: 'pass',
    dhcp4: true,
    ra: true,
    nd: true,
    dhcp6: true,
    ...other,
  }
}

/** Queueing by iptables with a journal of its own. */
export async function open(options: Partial<QueueingOptions> = {}) {
  const journal = memoryJournal()
  const queueing = await openQueueing({ manage: 'iptables', numbers, journal, ...options })
  return { queueing, journal }
}

/** A bridge with a guest and an uplink, beside a guest that is routed; and counters for what got past the queues. */
export function makeWorld(): { readonly bridged: Guest; readonly routed: Guest } {
  run('ip', 'link', 'set', 'lo', 'up')
  run('ip', 'link', 'add', 'br0', 'type', 'bridge', 'forward_delay', '0', 'mcast_snooping', '0')
  run('ip', 'link', 'set', 'br0', 'addrgenmode', 'none', 'up')
  const [bridged, uplink, routed] = [makeGuest(0), makeGuest(1), makeGuest(2)]
  for (const { tap } of [bridged, uplink]) run('ip', 'link', 'set', tap, 'master', 'br0')
  for (const [family, hook, device] of [
    ['bridge', 'postrouting priority 300', 'oifname "tap1"'],
    ['inet', 'prerouting priority 0', 'iifname "tap2"'],
  ]) {
    const rule = (source: string) =>
      `add rule ${family} past seen ${device} ether saddr aa:00:00:12:34:${source} counter`
    const chain = `add chain ${family} past seen { type filter hook ${hook}; }`
    run('nft', [`add table ${family} past`, chain, rule('99'), rule('56')].join('; '))
  }
  guests.set('bridged', bridged)
  guests.set('routed', routed)
  return { bridged, routed }
}

/**
 * How many packets got past the queues since the last question: out of the bridge's uplink, or up the stack. On a busy machine frames
 * are still under way when their sender is done, so one more is sent that nobody queues, and waited for.
 */
export function passedSince(place: 'bridged' | 'routed'): number {
  const table = place === 'bridged' ? 'bridge' : 'inet'
  const read = () => {
    const text = run('nft', 'list', 'table', table, 'past')
    const [, marks, packets] = /packets (\d+)[\s\S]*packets (\d+)/.exec(text)?.map(Number) ?? []
    return { marks: marks ?? 0, packets: packets ?? 0 }
  }
  const before = passed.get(place) ?? { marks: read().marks, packets: 0 }
  const guest = guests.get(place)
  if (guest === undefined) throw new Error('there is no world yet')
  sendFrom(guest, [marks[place]])
  const endMs = performance.now() + 20_000
  let now = read()
  while (now.marks === before.marks) {
    if (performance.now() > endMs) throw new Error('waited 20 s in vain for a frame')
    now = read()
  }
  passed.set(place, now)
  return now.packets - before.packets
}

const passed = new Map<string, { readonly marks: number; readonly packets: number }>()

const guests = new Map<'bridged' | 'routed', Guest>()

/** Frames from nobody, not counted with the others: of no protocol that a filter of a bridge would know, and to the discard port. */
const fromNobody = Uint8Array.from(udpFrame({ port: 9 }), (byte, at) => (at === 11 ? 0x99 : byte))
const marks = {
  bridged: Uint8Array.from(fromNobody, (byte, at) => (at === 12 ? 0x88 : at === 13 ? 0xb5 : byte)),
  routed: fromNobody,
}

/** A value of this network namespace. */
export function sysctl(name: string, value?: string): string {
  if (value !== undefined) run('sysctl', '-qw', `${name}=${value}`)
  return run('sysctl', '-n', name).trim()
}
