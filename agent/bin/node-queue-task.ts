import { consume, type Delivery } from '#broker/consumer.js'
import type { BrokerSettings } from '#broker/settings.js'
import { userOf } from '#broker/user.js'
import { formatTagsFile, nodeQueue, nodeRoutingKey, parseTagsNotice } from '#event/tags-notice.js'
import type { Log } from '#service/log.js'
import type { Task } from '#service/tasks.js'
import { keepNewest } from '#watch/tags-folder.js'
import type { Mastership } from './cluster-task.js'
import { troubleLog } from './queue-trouble.js'

/** What the task works with. */
export interface NodeQueueParts {
  readonly paths: { readonly tagsSpool: string }
  readonly log: Log
  readonly mastership: Mastership
}

/**
 * Takes what the master says to this node alone: a durable queue that keeps it while the node is away. The newest tags of each instance are
 * kept in a file, and only then the message is acknowledged. What is not from the cluster's own user of the broker is not believed.
 */
export function nodeQueueTask(parts: NodeQueueParts, settings: BrokerSettings): Task {
  const { mastership } = parts
  return {
    name: 'node-queue',
    async run(signal) {
      while (!signal.aborted) {
        const { view } = mastership.current()
        if (view?.ownNode === undefined) {
          await mastership.changed(signal)
          continue
        }
        await takeAs(parts, { settings, node: view.ownNode, cluster: view.clusterName, signal })
      }
    },
  }
}

/** What is for a node that is away for so long, or has left the cluster, is for nobody; a start brings its own tags. */
const limits = { maxLength: 10_000, expiresMs: 30 * 86_400_000 }

/** Takes until this node has another name, or the signal aborts. */
async function takeAs(
  { log, mastership, paths }: NodeQueueParts,
  {
    settings,
    node,
    cluster,
    signal,
  }: {
    readonly settings: BrokerSettings
    readonly node: string
    readonly cluster: string
    readonly signal: AbortSignal
  },
): Promise<void> {
  const renamed = new AbortController()
  const either = AbortSignal.any([signal, renamed.signal])
  const taking = consume({
    settings,
    bindings: [nodeRoutingKey(node)],
    queue: { name: nodeQueue(cluster, node), durable: true, ...limits },
    signal: either,
    onDelivery: (delivery) => take(delivery),
    onState: troubleLog(log, 'node-queue-waiting'),
  })
  while (!either.aborted) {
    await mastership.changed(either)
    const { view } = mastership.current()
    if (view?.ownNode !== node || view.clusterName !== cluster) renamed.abort()
  }
  await taking

  async function take({ body, messageId, userId }: Delivery): Promise<void> {
    const notice = parseTagsNotice(body)
    const problem = !notice.ok
      ? notice.problem
      : notice.value.node !== node
        ? `is for ${notice.value.node}`
        : userId !== userOf(settings)
          ? `is of the broker’s user ${userId ?? 'nobody'}`
          : undefined
    if (!notice.ok || problem !== undefined) {
      log('warning', 'node-message-refused', { id: messageId, why: problem })
      return
    }
    const { instance, timeSeconds } = notice.value
    const file = { name: `${instance}.json`, text: formatTagsFile(notice.value), timeSeconds }
    const isNews = await keepNewest({ directory: paths.tagsSpool, ...file })
    log('info', 'tags-told', { instance, tags: notice.value.tags.join(' '), isNews })
  }
}
