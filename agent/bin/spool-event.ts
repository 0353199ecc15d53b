import { formatFact, type NodeFact } from '#event/node-fact.js'
import { type SpoolOutcome, spoolFile, stampNow } from '#watch/spool-writer.js'

/**
 * Leaves a fact about a NIC or guest for the events role, which makes it a message. Costs some file operations and no round trip;
 * what it imports is small, for `okeanid nic up` uses it.
 *
 * @param directory `pathsOf(config).nicsSpool`, or the responder's; one that is not there means that nobody wants to know
 * @param options.key what is unique about the fact in this boot, when the same fact may be told twice; else each call is a fact of
 *   its own. Letters, digits, dashes, dots.
 * @throws Error with `code` when the disk is full or read-only: never a reason to fail a start
 */
export function spoolEvent(
  directory: string,
  fact: NodeFact,
  { key }: { readonly key?: string } = {},
): SpoolOutcome {
  const { id, fileName } = stampNow()
  const [bootId = ''] = id.split('.', 1)
  const told = { id: key === undefined ? id : `${bootId}.${key}`, timeMs: Date.now(), fact }
  return spoolFile(directory, fileName, formatFact(told))
}
