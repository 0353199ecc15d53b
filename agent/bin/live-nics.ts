import type { LiveNic } from '#binding/nic-table.js'
import type { Log } from '#service/log.js'
import type { NodeConfig } from '#service/node-config.js'
import { aborted, type Task } from '#service/tasks.js'
import { createServedNics, type NicListener, type ServedNics } from './served-nics.js'

/** The NICs of this host as one configuration after the other wants them, without a moment in which none is served. */
export interface LiveNics {
  /** The configuration that holds. */
  config(): NodeConfig
  /** Of what it has. */
  readonly fileCount: ServedNics['fileCount']
  readonly problemCount: ServedNics['problemCount']
  /** Ends with the signal, or with the failure of what follows files and interfaces. */
  readonly task: Task
  /**
   * Reads all files anew as another configuration has them, and only then lets go of what was followed before: NICs that are served by both are
   * told the new settings in place, those that no longer are go.
   */
  change(config: NodeConfig): Promise<void>
  close(): Promise<void>
}

interface Followed {
  readonly config: NodeConfig
  readonly nics: ServedNics
  stop(): Promise<void>
}

/** Follows files and interfaces; resolves when all are known. */
export async function openLiveNics(
  config: NodeConfig,
  log: Log,
  listener: NicListener,
): Promise<LiveNics> {
  let fail: (error: unknown) => void = () => {}
  const failed = new Promise<never>((_, reject) => {
    fail = reject
  })
  failed.catch(() => undefined) // the task tells it

  async function follow(wanted: NodeConfig): Promise<Followed> {
    const stop = new AbortController()
    const nics = createServedNics(wanted, log, listener)
    const following = nics.task.run(stop.signal)
    following.catch(fail)
    await Promise.race([nics.loaded, following])
    return {
      config: wanted,
      nics,
      async stop() {
        stop.abort()
        await following.catch(() => undefined) // the task tells it
      },
    }
  }

  let followed = await follow(config)
  return {
    config: () => followed.config,
    fileCount: () => followed.nics.fileCount(),
    problemCount: () => followed.nics.problemCount(),
    task: { name: 'bindings', run: (signal) => Promise.race([failed, aborted(signal)]) },
    async change(next) {
      const before = followed
      followed = await follow(next)
      await before.stop() // until here it may have told what it knew
      const kept = new Set([...followed.nics.live()].map(placeOf))
      for (const nic of before.nics.live()) if (!kept.has(placeOf(nic))) listener.onGone(nic, false)
      for (const nic of followed.nics.live()) listener.onLive(nic)
    },
    close: () => followed.stop(),
  }
}

function placeOf({ ifindex, service }: LiveNic): string {
  return `${ifindex} ${service.mac}`
}
