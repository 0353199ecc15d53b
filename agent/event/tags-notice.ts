import type { InstanceTags } from '#ganeti/instance-tags.js'
import { formatJson } from '#ganeti/json-value.js'
import { err, ok, type Result } from '#result.js'
import type { Message } from './message.js'
import { parseNoticeBody } from './notice-body.js'

/** What the master tells the primary node of an instance: the tags that rules of its NICs depend on, all of them. */
export interface TagsNotice {
  readonly instance: string
  /** The node that it is for. */
  readonly node: string
  readonly tags: readonly string[]
  /** When the master read them: Unix time. */
  readonly timeSeconds: number
}

/** Largest notice that is read, in bytes, and most tags that it may have. */
export const maxNoticeBytes = 65_536
const maxTags = 100

/** The notice of an instance: of its tags only those that concern its NICs. */
export function tagsNotice(
  { instance, node, tags }: InstanceTags,
  timeSeconds: number,
): TagsNotice {
  const concerning = tags.filter((tag) => /^(?:synnefo:network|okeanid):/.test(tag))
  return { instance, node, tags: concerning.toSorted().slice(0, maxTags), timeSeconds }
}

/** Routing key of what is for one node only. Topic exchanges split at dots, and nobody binds less than all of it. */
export function nodeRoutingKey(node: string): string {
  return `okeanid.node.${node}`
}

/** The durable queue in which it waits for that node. */
export function nodeQueue(cluster: string, node: string): string {
  return `okeanid.node.${cluster}.${node}`
}

/** The message that carries a notice; two that the master has read at different times have different ids. */
export function tagsMessage(notice: TagsNotice, clusterUuid: string): Message {
  const { instance, node, tags, timeSeconds } = notice
  const body = { type: 'okeanid-instance-tags', instance, node, tags: [...tags], time: timeSeconds }
  return {
    routingKey: nodeRoutingKey(node),
    messageId: `tags.${clusterUuid}.${instance.slice(0, 120)}.${timeSeconds}`,
    timestampSeconds: Math.floor(timeSeconds),
    headers: { schema: 1 },
    body: formatJson(body),
  }
}

/** Reads the body of a message for a node; never throws. */
export function parseTagsNotice(body: string): Result<TagsNotice, string> {
  const fields = parseNoticeBody(body, { type: 'okeanid-instance-tags', maxBytes: maxNoticeBytes })
  if (!fields.ok) return fields
  const { instance, node, tags, time } = fields.value
  if (!isName(instance)) return err('instance: wants the name of an instance')
  if (!isName(node)) return err('node: wants the name of a node')
  if (!Array.isArray(tags) || tags.length > maxTags || !tags.every(isTag))
    return err(`tags: wants at most ${maxTags} tags`)
  if (typeof time !== 'number' || !(time > 0 && time < 1e11)) return err('time: wants Unix time')
  return ok({ instance, node, tags, timeSeconds: time })
}

/** The file in which the nics role of the node finds a notice: `<instance>.json`. */
export function formatTagsFile({ instance, tags, timeSeconds }: TagsNotice): string {
  return `${JSON.stringify({ version: 1, instance, tags, time: timeSeconds })}\n`
}

/** Ganeti's names are DNS names; they become names of files. */
function isName(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,249}$/.test(value)
}

/** Ganeti's grammar of tags (`lib/objects.py`, TaggableObject). */
function isTag(value: unknown): value is string {
  return typeof value === 'string' && /^[\w.+*/:@-]{1,128}$/.test(value)
}
