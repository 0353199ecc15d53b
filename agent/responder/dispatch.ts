import { type Mac, macNumber } from '#addr/mac.js'
import type { CompiledNic } from './compiled-nic.js'
import { type OutcomeCounts, outcomeName } from './counts.js'
import type { Outcome, Packet, Slot } from './outcome.js'
import { respond } from './respond.js'
import { createTallies, type LastAnswer } from './tallies.js'
import type { RateLimit } from './token-bucket.js'

/** A NIC that is served, and what has become of its packets. */
export interface NicTally {
  readonly nic: CompiledNic
  /** Index of its tap. */
  readonly ifindex: number
  /** Those that are not zero. */
  readonly counts: Readonly<Partial<OutcomeCounts>>
  readonly lastAnswer: LastAnswer | undefined
}

/** The NICs of this host, found by where a packet came in and by the Ethernet source that the kernel saw. */
export interface Dispatcher {
  /** Serves a NIC from now on; the one with the same tap and address is replaced and keeps its counts. */
  put(ifindex: number, nic: CompiledNic): void
  remove(ifindex: number, mac: Mac): void
  /**
   * Decides about one packet and counts it. Never throws: one guest's packet must not end everybody's service, so what a bug
   * throws is told to `onError` and costs only the packet.
   * @param ifindex of the tap it came in by
   * @param time milliseconds of a clock that never goes back, and Unix milliseconds
   */
  dispatch(ifindex: number, packet: Packet, slot: Slot, time: PacketTime): Outcome
  /** The NIC that a packet is counted for: its own, else the first one on this tap. */
  find(ifindex: number, sourceMac: number | undefined): CompiledNic | undefined
  nics(): readonly NicTally[]
  /** How many NICs are served. */
  count(): number
  /** How often each outcome came since the start, also for NICs that are gone, and for packets of nobody. */
  totals(): OutcomeCounts
}

/** When a packet is looked at. */
export interface PacketTime {
  readonly monotonicMs: number
  readonly unixMs: number
}

/** A NIC and its row of counts. Changed in place when it is told something else. */
interface Served {
  nic: CompiledNic
  readonly row: number
}

/** The NICs behind one tap: nearly always one. */
interface Port {
  /** The first one: what nobody on the port has sent under its own address is counted as its. */
  first: Served
  /** The row of what comes under false addresses: its bucket, so that nobody empties a NIC's own. */
  readonly strays: number
  /** All of them by their addresses; undefined while there is only one. */
  byMac: Map<number, Served> | undefined
}

const unknownNic: Outcome = { kind: 'pass', reason: 'unknown-nic' }
const spoofed: Outcome = { kind: 'drop', reason: 'spoofed-source' }
const rateLimited: Outcome = { kind: 'drop', reason: 'rate-limited' }
const failed: Outcome = { kind: 'drop', reason: 'internal-error' }

/** A dispatcher that serves nobody yet; the limit holds for each NIC by itself. */
export function createDispatcher(
  limit: RateLimit,
  onError: (error: unknown, packet: Packet) => void,
): Dispatcher {
  const ports = new Map<number, Port>()
  const tallies = createTallies(limit)
  const nobody = tallies.open()
  let count = 0

  function guarded(nic: CompiledNic, packet: Packet, slot: Slot): Outcome {
    try {
      return respond(nic, packet, slot)
    } catch (error) {
      onError(error, packet)
      return failed
    }
  }

  function counted(row: number, outcome: Outcome): Outcome {
    tallies.count(row, outcomeName(outcome))
    return outcome
  }

  return {
    put(ifindex, nic) {
      const { mac } = nic
      const port = ports.get(ifindex)
      const known = port && atAddress(port, mac)
      if (known !== undefined) {
        known.nic = nic
        return
      }
      const served: Served = { nic, row: tallies.open() }
      count++
      if (port === undefined) {
        ports.set(ifindex, { first: served, strays: tallies.open(), byMac: undefined })
        return
      }
      port.byMac ??= new Map([[port.first.nic.mac, port.first]])
      port.byMac.set(mac, served)
    },
    remove(ifindex, mac) {
      const port = ports.get(ifindex)
      const served = port && atAddress(port, macNumber(mac))
      if (port === undefined || served === undefined) return
      tallies.close(served.row)
      count--
      port.byMac?.delete(served.nic.mac)
      const [next] = port.byMac?.values() ?? []
      if (next !== undefined) {
        if (port.first === served) port.first = next
        return
      }
      tallies.close(port.strays)
      ports.delete(ifindex)
    },
    dispatch(ifindex, packet, slot, { monotonicMs, unixMs }) {
      const port = ports.get(ifindex)
      if (port === undefined) return counted(nobody, unknownNic)
      const owner = ownerOf(port, packet.sourceMac)
      if (owner === undefined) {
        const isHeard = tallies.takeToken(port.strays, monotonicMs)
        return counted(port.first.row, isHeard ? spoofed : rateLimited)
      }
      const { row, nic } = owner
      if (!tallies.takeToken(row, monotonicMs)) return counted(row, rateLimited)
      const outcome = guarded(nic, packet, slot)
      if (outcome.kind !== 'reply') return counted(row, outcome)
      tallies.answered(row, outcome.what, unixMs)
      return outcome
    },
    find(ifindex, sourceMac) {
      const port = ports.get(ifindex)
      return port && (ownerOf(port, sourceMac) ?? port.first).nic
    },
    nics: () =>
      [...ports].flatMap(([ifindex, { first, byMac }]) =>
        [...(byMac?.values() ?? [first])].map(({ nic, row }) => ({
          ...{ nic, ifindex },
          counts: tallies.counts(row),
          lastAnswer: tallies.lastAnswer(row),
        })),
      ),
    count: () => count,
    totals: tallies.totals,
  }
}

function atAddress({ first, byMac }: Port, mac: number): Served | undefined {
  if (byMac !== undefined) return byMac.get(mac)
  return first.nic.mac === mac ? first : undefined
}

/** Whose packet this is: the NIC with this address, or a NIC whose source nobody checks. */
function ownerOf(port: Port, sourceMac: number | undefined): Served | undefined {
  const exact = sourceMac === undefined ? undefined : atAddress(port, sourceMac)
  if (exact !== undefined) return exact
  return port.first.nic.service.checksSource ? undefined : port.first
}
