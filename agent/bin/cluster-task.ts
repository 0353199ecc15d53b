import { AgentError } from '#errors.js'
import type { Log } from '#service/log.js'
import type { Task } from '#service/tasks.js'
import type { Vigil } from '#service/vigil.js'
import {
  type ClusterView,
  concernsClusterView,
  readClusterUuid,
  readClusterView,
} from '#watch/cluster.js'
import { openTrigger } from '#watch/trigger.js'
import { createWakeup } from '#watch/wakeup.js'

/** What this node is, as far as is known now. */
export interface Standing {
  readonly view: ClusterView | undefined
  /** Known on master candidates only. */
  readonly clusterUuid: string | undefined
  /** Master, and able to act as one: the cluster's UUID is known. */
  readonly isMaster: boolean
}

/** The node's standing, shared by the tasks. */
export interface Mastership {
  current(): Standing
  set(standing: Standing): void
  /** Resolves at the next change, or when the signal aborts. */
  changed(signal: AbortSignal): Promise<void>
}

/** A standing that knows nothing yet. */
export function createMastership(): Mastership {
  let standing: Standing = { view: undefined, clusterUuid: undefined, isMaster: false }
  const waiting = new Set<() => void>()
  return {
    current: () => standing,
    set(next) {
      standing = next
      for (const resolve of waiting) resolve()
      waiting.clear()
    },
    changed(signal) {
      return new Promise((resolve) => {
        const done = () => {
          signal.removeEventListener('abort', done)
          waiting.delete(done)
          resolve()
        }
        waiting.add(done)
        signal.addEventListener('abort', done, { once: true })
        if (signal.aborted) done()
      })
    },
  }
}

/** How often ssconf is read when nothing tells of a change. */
const pollMs = 5000

/**
 * Follows ssconf and config.data: is this node the master now? Asked after each change, and every few seconds whatever inotify says;
 * Ganeti writes some thirty files in a burst, each of them whole, so an answer in between may be the old one.
 */
export function clusterTask({
  paths,
  mastership,
  log,
  vigil,
  onLooked,
}: {
  readonly paths: { readonly dataDirectory: string }
  readonly mastership: Mastership
  readonly log: Log
  readonly vigil?: Vigil
  /** Told after each look, whatever it found. */
  readonly onLooked?: () => void
}): Task {
  return {
    name: 'cluster',
    async run(signal) {
      const wakeup = createWakeup(signal)
      const trigger = await openTrigger(
        paths.dataDirectory,
        (name) => {
          if (concernsClusterView(name)) wakeup.wake()
        },
        (error) =>
          log('warning', 'watch-failed', { directory: paths.dataDirectory, error: String(error) }),
      )
      let lastProblem: string | undefined
      while (!signal.aborted) {
        const look = () => readStanding(paths.dataDirectory, mastership.current())
        const standing = await (vigil?.during('reading ssconf', look) ?? look())
        const problem = standing instanceof AgentError ? standing.message : problemOf(standing)
        if (problem !== undefined && problem !== lastProblem)
          log('warning', 'not-in-cluster', { problem })
        lastProblem = problem
        if (!(standing instanceof AgentError)) adopt(mastership, standing, log)
        onLooked?.()
        await wakeup.sleep(pollMs)
      }
      await trigger.close()
    },
  }
}

/** A UUID that is known stays known while `config.data` cannot be read: a hiccup of the disk is no change of master. */
async function readStanding(
  dataDirectory: string,
  before: Standing,
): Promise<Standing | AgentError> {
  try {
    const view = await readClusterView(dataDirectory)
    const found =
      view.isMaster || view.isCandidate ? await readClusterUuid(dataDirectory) : undefined
    const clusterUuid = found ?? (view.isMaster ? before.clusterUuid : undefined)
    return { view, clusterUuid, isMaster: view.isMaster && clusterUuid !== undefined }
  } catch (error) {
    if (error instanceof AgentError) return error
    throw error
  }
}

function problemOf({ view, clusterUuid }: Standing): string | undefined {
  if (view?.ownNode === undefined)
    return 'no address of this host is a node’s in ssconf_node_primary_ips'
  if (!view.isMaster || clusterUuid !== undefined) return undefined
  return 'config.data cannot be read, so job messages have no cluster; run as root or with CAP_DAC_READ_SEARCH'
}

function adopt(mastership: Mastership, standing: Standing, log: Log): void {
  const before = mastership.current()
  const isSame =
    before.isMaster === standing.isMaster &&
    before.clusterUuid === standing.clusterUuid &&
    before.view?.ownNode === standing.view?.ownNode &&
    before.view?.clusterName === standing.view?.clusterName &&
    before.view?.masterNode === standing.view?.masterNode
  if (isSame) return
  const { view, clusterUuid } = standing
  log('info', standing.isMaster ? 'is-master' : 'is-not-master', {
    node: view?.ownNode,
    master: view?.masterNode,
    cluster: view?.clusterName,
    uuid: clusterUuid,
  })
  mastership.set(standing)
}
