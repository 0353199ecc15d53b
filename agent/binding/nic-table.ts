import { type Mac, macNumber } from '#addr/mac.js'
import { exact } from './exact.js'
import { createPortMap } from './port-map.js'
import type { NicService } from './service.js'

/** What must be known of a network interface. */
export interface LinkFacts {
  readonly ifindex: number
  readonly name: string
  /** Undefined where there is no Ethernet address. */
  readonly mac: Mac | undefined
  /** Bytes. */
  readonly mtu: number
}

/** What a file says now. */
export interface NicClaim {
  readonly file: string
  readonly source: 'okeanid' | 'nfdhcpd'
  readonly service: NicService
}

/** A NIC whose tap is there: packets from interface `ifindex` with the Ethernet source `service.mac` are its own. */
export interface LiveNic {
  readonly file: string
  readonly ifindex: number
  readonly service: NicService
  /** Hardware address of the service's `sourceDevice`, `macNumber`. */
  readonly sourceMac: number
  /** MTU of the tap in bytes. */
  readonly mtu: number
}

/**
 * What changed.
 *
 * - `live`: the NIC is there; it stands for what was told of this `ifindex` and hardware address before
 * - `gone`: it is not there any more
 * - `duplicate`: another file names the same tap and hardware address, and that one counts
 */
export type NicChange =
  | { readonly kind: 'live'; readonly nic: LiveNic }
  | { readonly kind: 'gone'; readonly nic: LiveNic }
  | { readonly kind: 'duplicate'; readonly file: string; readonly winner: string }

/**
 * Which NICs are live: files joined with the interfaces that are there, in whatever order the two come. Every call returns
 * what it changed, what is gone before what is live, and costs as much as that.
 */
export interface NicTable {
  /** A file is new or says something else. */
  put(claim: NicClaim): readonly NicChange[]
  /** A file is gone. */
  remove(file: string): readonly NicChange[]
  /** An interface is there, or something of it changed: also its name. */
  linkUp(link: LinkFacts): readonly NicChange[]
  linkGone(ifindex: number): readonly NicChange[]
  live(): Iterable<LiveNic>
  /** How many files there are, whether or not their taps are. */
  claimCount(): number
}

interface Claim extends NicClaim {
  readonly serial: number
  readonly slot: Slot
}

/** One pair of tap and hardware address. */
interface Slot {
  readonly tap: string
  readonly mac: number
  claims: readonly Claim[]
  /** Interface whose hardware address answers carry: the winner's. */
  source: string | undefined
  live: LiveNic | undefined
}

/** An empty table. */
export function createNicTable(): NicTable {
  const claims = new Map<string, Claim>()
  const slots = createPortMap<string, Slot>(({ mac }) => mac)
  const slotsOfSource = new Map<string, Set<Slot>>()
  const links = new Map<number, LinkFacts>()
  const linkNamed = new Map<string, LinkFacts>()
  let serial = 0

  function slotOf({ tap, mac }: NicService): Slot {
    const number = macNumber(mac)
    const known = slots.get(tap, number)
    if (known !== undefined) return known
    const slot: Slot = { tap, mac: number, claims: [], source: undefined, live: undefined }
    slots.set(tap, slot)
    return slot
  }

  function unclaim(file: string): Slot | undefined {
    const claim = claims.get(file)
    if (claim === undefined) return undefined
    claims.delete(file)
    claim.slot.claims = claim.slot.claims.filter((other) => other !== claim)
    return claim.slot
  }

  function follow(slot: Slot, source: string | undefined): void {
    if (slot.source === source) return
    const former = slot.source === undefined ? undefined : slotsOfSource.get(slot.source)
    former?.delete(slot)
    if (former?.size === 0 && slot.source !== undefined) slotsOfSource.delete(slot.source)
    slot.source = source
    if (source === undefined) return
    const followers = slotsOfSource.get(source) ?? new Set<Slot>()
    slotsOfSource.set(source, followers.add(slot))
  }

  /** What should be live in this slot, as it was when nothing of it changed. */
  function wanted(slot: Slot, claim: Claim | undefined): LiveNic | undefined {
    const tap = linkNamed.get(slot.tap)
    const sourceMac = claim && linkNamed.get(claim.service.sourceDevice)?.mac
    if (claim === undefined || tap === undefined || sourceMac === undefined) return undefined
    const { file, service } = claim
    const { ifindex, mtu } = tap
    const nic: LiveNic = { file, ifindex, service, sourceMac: macNumber(sourceMac), mtu }
    return slot.live !== undefined && isSameNic(slot.live, nic) ? slot.live : nic
  }

  function refresh(affected: Iterable<Slot>): readonly NicChange[] {
    const gone: NicChange[] = []
    const live: NicChange[] = []
    for (const slot of affected) {
      const claim = winnerOf(slot.claims)
      follow(slot, claim?.service.sourceDevice)
      const former = slot.live
      const nic = wanted(slot, claim)
      slot.live = nic
      if (former !== undefined && former.ifindex !== nic?.ifindex) {
        gone.push({ kind: 'gone', nic: former })
      }
      if (nic !== undefined && nic !== former) live.push({ kind: 'live', nic })
      if (claim === undefined) slots.delete(slot.tap, slot.mac)
    }
    return [...gone, ...live]
  }

  function* slotsAt(name: string): Iterable<Slot> {
    yield* slots.at(name)
    yield* slotsOfSource.get(name) ?? []
  }

  /** Takes an interface out of both maps; what hangs on its name is returned. */
  function dropLink(link: LinkFacts | undefined): Iterable<Slot> {
    if (link === undefined) return []
    links.delete(link.ifindex)
    if (linkNamed.get(link.name) === link) linkNamed.delete(link.name)
    return slotsAt(link.name)
  }

  return {
    put(given) {
      const { file, source, service } = given
      const former = unclaim(file)
      const slot = slotOf(service)
      const claim: Claim = { file, source, service, serial: serial++, slot }
      claims.set(file, claim)
      slot.claims = exact([...slot.claims, claim])
      const changes = refresh(former === undefined || former === slot ? [slot] : [former, slot])
      const winner = winnerOf(slot.claims)
      const losers = slot.claims.filter((other) => other !== winner)
      return [
        ...changes,
        ...losers.map((loser) => ({
          kind: 'duplicate' as const,
          file: loser.file,
          winner: winner?.file ?? '',
        })),
      ]
    },
    remove(file) {
      const slot = unclaim(file)
      return slot === undefined ? [] : refresh([slot])
    },
    linkUp(link) {
      const former = links.get(link.ifindex)
      if (former && isSameLink(former, link)) return []
      const affected = new Set<Slot>(dropLink(former))
      // the kernel gives a name once: whoever had it is gone, though nobody said so yet
      for (const slot of dropLink(linkNamed.get(link.name))) affected.add(slot)
      links.set(link.ifindex, link)
      linkNamed.set(link.name, link)
      for (const slot of slotsAt(link.name)) affected.add(slot)
      return refresh(affected)
    },
    linkGone: (ifindex) => refresh(new Set(dropLink(links.get(ifindex)))),
    *live() {
      for (const { live } of slots.values()) if (live !== undefined) yield live
    },
    claimCount: () => claims.size,
  }
}

/** Our own files before nfdhcpd's; of those the one that was written last. */
function winnerOf(claims: readonly Claim[]): Claim | undefined {
  return claims.reduce<Claim | undefined>((best, claim) => {
    if (best === undefined) return claim
    if (best.source !== claim.source) return best.source === 'okeanid' ? best : claim
    return claim.serial > best.serial ? claim : best
  }, undefined)
}

/** Whether a NIC that is there is still told the same by the same devices; which file says so does not matter. */
function isSameNic(a: LiveNic, b: LiveNic): boolean {
  return (
    a.service === b.service &&
    a.ifindex === b.ifindex &&
    a.sourceMac === b.sourceMac &&
    a.mtu === b.mtu
  )
}

function isSameLink(a: LinkFacts, b: LinkFacts): boolean {
  return a.name === b.name && a.mac === b.mac && a.mtu === b.mtu
}
