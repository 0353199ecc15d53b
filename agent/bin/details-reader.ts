import { setTimeout as delay } from 'node:timers/promises'
import type { InstanceConfig } from '#ganeti/instance-config.js'
import { judgeDetails, type WantedDetails } from '#progress/wanted-details.js'
import type { Log } from '#service/log.js'
import { type ConfigReading, readInstanceConfigs } from '#watch/instance-config.js'
import type { EventCounters } from './event-counters.js'

/** Reads details of instances for messages. */
export interface DetailsReader {
  /**
   * The details that these want, by instance, from `config.data` as it is now: one reading for all. Never fails, and never takes
   * longer than {@link patienceMs}: an instance that is missing then is told of without details.
   */
  readonly read: (
    wanted: readonly WantedDetails[],
    signal: AbortSignal,
  ) => Promise<ReadonlyMap<string, InstanceConfig>>
  /**
   * What `config.data` says of these instances now; undefined when it could not be read within {@link patienceMs}. Of an instance that is
   * not in it there is nothing to say.
   */
  readonly readNow: (
    names: readonly string[],
    signal: AbortSignal,
  ) => Promise<ReadonlyMap<string, InstanceConfig> | undefined>
}

/** What a reader works with. */
export interface DetailsParts {
  readonly paths: { readonly dataDirectory: string }
  readonly log: Log
  readonly counters: EventCounters
}

/** Longest time that a status waits for details; a file of 20 MB, 10,000 instances, takes half a second to read. */
const patienceMs = 5000

/**
 * When the file is looked at again, counted from the time before: Ganeti may write it just after it has called the job done. When it was
 * not replaced meanwhile that costs one `stat`.
 */
const againMs: readonly number[] = [50, 150, 400, 800]

/** A reader for the events role of a master. */
export function createDetailsReader({ paths, log, counters }: DetailsParts): DetailsReader {
  /** The reading that is under way. The next one waits for it: a disk that hangs must not collect readings. */
  let underWay: Promise<unknown> | undefined
  /** Trouble that lasts is logged once. */
  let isTold = false

  async function readOnce(
    names: ReadonlySet<string>,
    except: string | undefined,
    signal: AbortSignal,
  ): Promise<ConfigReading | 'same' | undefined> {
    while (underWay !== undefined && !signal.aborted)
      await Promise.race([underWay, aborted(signal)])
    if (signal.aborted) return undefined
    const reading = readInstanceConfigs(paths.dataDirectory, names, { except, signal })
    const done = reading.finally(() => {
      underWay = undefined
    })
    underWay = done.catch(() => undefined)
    return await Promise.race([done, aborted(signal)])
  }

  return {
    async read(wanted, signal) {
      const names = new Set(wanted.map(({ instance }) => instance))
      const found = new Map<string, InstanceConfig>()
      if (names.size === 0) return found
      const until = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)])
      let version: string | undefined
      for (const ms of [0, ...againMs]) {
        if (ms > 0) await delay(ms, undefined, { signal: until }).catch(() => undefined)
        if (until.aborted) break
        const reading = await readOnce(names, version, until)
        if (reading === undefined) break // waiting does not mend a file that may not be read
        if (reading === 'same') continue
        version = reading.version
        const { instances } = reading.found
        const tooOld = wanted.filter((one) => judgeDetails(one, reading.found) === 'too-old')
        found.clear()
        for (const [name, instance] of instances) found.set(name, instance)
        for (const { instance } of tooOld) found.delete(instance)
        if (tooOld.length === 0) {
          isTold = false
          return found
        }
      }
      tellMissing(wanted, found, version)
      return found
    },
    async readNow(names, signal) {
      if (names.length === 0) return new Map()
      const until = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)])
      const reading = await readOnce(new Set(names), undefined, until)
      return reading === undefined || reading === 'same' ? undefined : reading.found.instances
    },
  }

  function tellMissing(
    wanted: readonly WantedDetails[],
    found: ReadonlyMap<string, InstanceConfig>,
    version: string | undefined,
  ): void {
    const missing = wanted.map(({ instance }) => instance).filter((name) => !found.has(name))
    if (missing.length === 0) return
    counters.detailsMissing.add(missing.length)
    log(isTold ? 'debug' : 'warning', 'instance-details-missing', {
      instances: [...new Set(missing)].slice(0, maxLogged).join(' '),
      messages: missing.length,
      why: version === undefined ? 'config.data could not be read' : 'config.data is too old',
    })
    isTold = true
  }
}

const maxLogged = 20

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined)
    signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
}
