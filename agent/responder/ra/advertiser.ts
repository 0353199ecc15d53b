import { type Mac, macNumber } from '#addr/mac.js'
import { createPortMap } from '#binding/port-map.js'
import type { NicService, RaService } from '#binding/service.js'
import { type CompiledNic, compileNic, createSharedWork } from '#responder/compiled-nic.js'
import type { NicDevice } from '#responder/outcome.js'
import { createDueQueue } from './due-queue.js'
import {
  changedAdvertisement,
  firstAdvertisement,
  nextAdvertisement,
  type RaMoment,
  type RaSchedule,
  raConstant,
} from './schedule.js'
import { minWithdrawnSeconds, type Withdrawn, withdrawnFrom, withWithdrawn } from './withdrawn.js'

/** An advertisement that is to be sent now. */
export interface DueAdvertisement {
  readonly ifindex: number
  readonly nic: CompiledNic
  /** With router lifetime 0: this host is the NIC's router no more. */
  readonly isFinal: boolean
}

/** Knows what each NIC was told by router advertisements, and when it is told again. */
export interface Advertiser {
  /** A NIC is there, or is told something else from now on. */
  put(ifindex: number, service: NicService, device: NicDevice, moment: RaMoment): void
  /** A NIC is served no more, but its tap is still there: it hears that this host is its router no more. */
  remove(ifindex: number, mac: Mac, moment: RaMoment): void
  /** A NIC's tap is gone: nobody is there to hear anything. */
  forget(ifindex: number, mac: Mac): void
  /** When something is due next, undefined for never. */
  nextSeconds(): number | undefined
  /** What is due now, the earliest first; each is scheduled anew. `random` is asked once for each. */
  take(nowSeconds: number, random: () => number, limit: number): readonly DueAdvertisement[]
}

const notScheduled: RaSchedule = { nextSeconds: 0, sentCount: 0 }

interface Entry {
  readonly ifindex: number
  /** What the configuration says, without what was withdrawn. */
  service: NicService
  nic: CompiledNic
  schedule: RaSchedule
  /** Until when the former prefixes are told of; 0 when there are none. */
  withdrawnUntilSeconds: number
  /** Final advertisements that are still to come; undefined while the NIC is advertised to. */
  finalCount: number | undefined
}

/**
 * An advertiser without NICs.
 * @param onCompiled gets each NIC as its packets are to be answered: answers tell of withdrawn prefixes too
 */
export function createAdvertiser(
  onCompiled: (ifindex: number, nic: CompiledNic) => void,
): Advertiser {
  const shared = createSharedWork()
  const entries = createPortMap<number, Entry>(({ nic }) => nic.mac)
  const due = createDueQueue<Entry>()

  function compile(service: NicService, device: NicDevice, withdrawn?: Withdrawn): CompiledNic {
    const { ra } = service
    const told = ra && withdrawn ? { ...service, ra: withWithdrawn(ra, withdrawn) } : service
    return compileNic(told, device, shared)
  }

  function plan(entry: Entry, schedule: RaSchedule): void {
    entry.schedule = schedule
    const isAdvertised = entry.finalCount !== undefined || entry.service.ra?.interval !== undefined
    const expires = entry.withdrawnUntilSeconds
    const next = isAdvertised ? schedule.nextSeconds : Number.POSITIVE_INFINITY
    const seconds = expires > 0 ? Math.min(next, expires) : next
    if (seconds < Number.POSITIVE_INFINITY) due.set(entry, seconds)
    else due.delete(entry)
  }

  function retire(entry: Entry, { nowSeconds }: RaMoment): void {
    const isRouter = entry.nic.service.ra !== undefined && entry.service.isGateway
    if (!isRouter) return forget(entry)
    entry.finalCount = raConstant.maxFinalCount
    entry.withdrawnUntilSeconds = 0
    plan(entry, { nextSeconds: nowSeconds, sentCount: 0 })
  }

  function forget(entry: Entry): void {
    due.delete(entry)
    entries.delete(entry.ifindex, entry.nic.mac)
  }

  /** Former prefixes have been told of for long enough. */
  function expire(entry: Entry): void {
    entry.withdrawnUntilSeconds = 0
    entry.nic = compile(entry.service, entry.nic.device)
    onCompiled(entry.ifindex, entry.nic)
  }

  return {
    put(ifindex, service, device, moment) {
      const former = entries.get(ifindex, macNumber(service.mac))
      if (service.ra === undefined) {
        onCompiled(ifindex, compile(service, device))
        if (former !== undefined && former.finalCount === undefined) retire(former, moment)
        return
      }
      const isKnown = former !== undefined && former.finalCount === undefined
      const withdrawn = isKnown ? withdrawnFrom(former.nic.service.ra, service.ra) : undefined
      const hasWithdrawn = withdrawn !== undefined && !isNothing(withdrawn)
      const nic = compile(service, device, hasWithdrawn ? withdrawn : undefined)
      const entry: Entry = {
        ifindex,
        service,
        nic,
        finalCount: undefined,
        schedule: notScheduled,
        withdrawnUntilSeconds: hasWithdrawn ? moment.nowSeconds + minWithdrawnSeconds : 0,
      }
      if (former !== undefined) forget(former)
      entries.set(ifindex, entry)
      const isSame = isKnown && isToldTheSame(former.service.ra, service.ra)
      plan(
        entry,
        isSame
          ? former.schedule
          : isKnown
            ? changedAdvertisement(moment)
            : firstAdvertisement(moment),
      )
      onCompiled(ifindex, nic)
    },
    remove(ifindex, mac, moment) {
      const entry = entries.get(ifindex, macNumber(mac))
      if (entry !== undefined && entry.finalCount === undefined) retire(entry, moment)
    },
    forget(ifindex, mac) {
      const entry = entries.get(ifindex, macNumber(mac))
      if (entry !== undefined) forget(entry)
    },
    nextSeconds: () => due.nextSeconds(),
    take(nowSeconds, random, limit) {
      return due.take(nowSeconds, limit).flatMap((entry): readonly DueAdvertisement[] => {
        if (entry.finalCount !== undefined) {
          entry.finalCount--
          if (entry.finalCount > 0)
            plan(entry, { nextSeconds: nowSeconds + raConstant.minDelaySeconds, sentCount: 0 })
          else forget(entry)
          return [{ ifindex: entry.ifindex, nic: entry.nic, isFinal: true }]
        }
        const isExpired =
          entry.withdrawnUntilSeconds > 0 && entry.withdrawnUntilSeconds <= nowSeconds
        if (isExpired) expire(entry)
        const interval = entry.service.ra?.interval
        const isAdvertised = interval !== undefined && entry.schedule.nextSeconds <= nowSeconds
        plan(
          entry,
          isAdvertised
            ? nextAdvertisement(entry.schedule, interval, { nowSeconds, random: random() })
            : entry.schedule,
        )
        return isAdvertised ? [{ ifindex: entry.ifindex, nic: entry.nic, isFinal: false }] : []
      })
    },
  }
}

function isNothing({ prefixes, routes }: Withdrawn): boolean {
  return prefixes.length === 0 && routes.length === 0
}

/** Whether two services are told alike; services are plain values, made in one way, so their texts compare. */
function isToldTheSame(a: RaService | undefined, b: RaService): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
