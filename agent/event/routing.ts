import { assertNever } from '#result.js'
import type { EventBody } from './event.js'

/** Longest prefix that is used; AMQP limits a routing key to 255 bytes. */
const maxPrefixLength = 100

/**
 * The `<p>` of a routing key for an instance or network: what stands before the first dash (`snf-net-7` gives `snf`),
 * without a dash the first label of the name; a configured name has the prefix that it was given.
 *
 * Never holds a dot, because in a topic exchange a dot begins a new word and the binding `ganeti.*.event.op` would not match.
 */
export function routingPrefix(name: string, configured: ReadonlyMap<string, string>): string {
  const given = configured.get(name)
  if (given !== undefined) return given
  const [beforeDash = ''] = name.split('-', 1)
  const [label = ''] = beforeDash.split('.', 1)
  const printable = label.replace(/[^\x21-\x7e]/g, '_').slice(0, maxPrefixLength)
  return printable === '' ? '_' : printable
}

/** The routing key of a message on exchange `ganeti` (DESIGN 3.3). */
export function routingKey(type: EventBody['type'], prefix: string): string {
  switch (type) {
    case 'ganeti-op-status':
      return `ganeti.${prefix}.event.op`
    case 'ganeti-network-status':
      return `ganeti.${prefix}.event.network`
    case 'ganeti-cluster-status':
      return 'ganeti.event.cluster'
    case 'ganeti-job-status':
      return 'ganeti.event.job'
    case 'ganeti-op-log':
      return `ganeti.${prefix}.event.log`
    case 'ganeti-net-status':
      return `ganeti.${prefix}.event.net`
    case 'ganeti-nic-status':
      return `ganeti.${prefix}.event.nic`
    case 'ganeti-instance-status':
      return `ganeti.${prefix}.event.instance`
    case 'image-copy-progress':
    case 'image-info':
    case 'image-warning':
    case 'image-error':
    case 'image-helper':
      return `ganeti.${prefix}.event.progress`
    case 'eventd-heartbeat':
      return 'eventd.heartbeat'
    default:
      return assertNever(type)
  }
}
