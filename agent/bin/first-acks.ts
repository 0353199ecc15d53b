import path from 'node:path'
import type { NicService } from '#binding/service.js'
import type { NicFact } from '#event/node-fact.js'
import type { Log } from '#service/log.js'
import { loadState, saveState } from '#service/state-file.js'
import { spoolEvent } from './spool-event.js'

/** Tells of the first DHCPACK that each tap gets. */
export interface FirstAcks extends AsyncDisposable {
  /** A NIC of this tap got a DHCPACK; called for each, so it costs one look-up when it is not the first. */
  onAcknowledged(ifindex: number, service: NicService): void
  /** The tap is gone; its index is never used again before a reboot. */
  forget(ifindex: number): void
}

/** Where things are. */
export interface FirstAckPlaces {
  readonly spoolDirectory: string
  /** Below /run: what was told holds until the next boot, also for a responder that starts anew. */
  readonly stateFile: string
}

/** How soon what was told is written: a crash before that tells it again, under the same id. */
const saveMs = 1000

/** Opens the memory of what was told. */
export async function openFirstAcks(
  { spoolDirectory, stateFile }: FirstAckPlaces,
  log: Log,
): Promise<FirstAcks> {
  const { value } = await loadState(stateFile).catch(() => ({ value: undefined }))
  const told = new Set<number>(
    Array.isArray(value) ? value.filter((entry) => Number.isInteger(entry)) : [],
  )
  let timer: NodeJS.Timeout | undefined
  let hasFailed = false

  function fail(problem: unknown): void {
    if (!hasFailed) log('warning', 'first-ack-not-told', { problem: String(problem) })
    hasFailed = true
  }

  async function save(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    await saveState(stateFile, [...told]).catch(fail)
  }

  return {
    onAcknowledged(ifindex, service) {
      if (told.has(ifindex)) return
      told.add(ifindex)
      timer ??= setTimeout(() => void save(), saveMs) // it never rejects
      setImmediate(() => {
        try {
          spoolEvent(spoolDirectory, factOf(service), { key: `dhcp-${ifindex}` })
        } catch (error) {
          fail(error)
        }
      })
    },
    forget: (ifindex) => void told.delete(ifindex), // whether it was told is of no use
    async [Symbol.asyncDispose]() {
      if (timer !== undefined) await save()
    },
  }
}

/** Beside a responder's status socket, in the folder of its own. */
export function firstAckFile(statusSocket: string): string {
  return path.join(path.dirname(statusSocket), 'acknowledged.json')
}

function factOf(service: NicService): NicFact {
  const { tap, mac, mode, network, ip6, nic } = service
  const isIndex = /^\d+$/.test(nic)
  return {
    kind: 'nic',
    status: 'dhcp',
    instance: service.instance,
    reason: undefined,
    nic: {
      ...{ tap, mac, mode, network, ip6, link: undefined, uuid: undefined },
      ip: service.dhcp4?.address,
      index: isIndex ? Number(nic) : undefined,
      name: isIndex ? undefined : nic,
    },
  }
}
