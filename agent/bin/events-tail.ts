/**
 * `okeanid events tail`: follows the outbox of a running agent from another process, without a lock and without writing.
 * It prints what was appended, whether or not the broker has it already. Ends with the first SIGINT or SIGTERM.
 */

import { decodeMessage } from '#event/codec.js'
import type { Message } from '#event/message.js'
import { followOutbox } from '#outbox/follow.js'
import { loadConfig } from '#service/config.js'
import { printable, printLine } from '#service/log.js'
import { signalOfProcess } from '#service/signals.js'
import { messageLine } from './events-replay.js'
import { pathsOf } from './paths.js'

/** Prints messages as they come. */
export async function tailEvents(
  location: { readonly file: string; readonly isRequired: boolean },
  { json, fromStart }: { readonly json?: true; readonly fromStart?: true },
): Promise<void> {
  const { config } = await loadConfig(location.file, location)
  const signal = signalOfProcess()
  const bodies = followOutbox({
    dir: pathsOf(config).outboxDirectory,
    fromStart: fromStart === true,
    signal,
  })
  for await (const bytes of bodies) {
    const message = decodeMessage(bytes)
    if (message.ok) printLine(json ? messageLine(message.value) : humanLine(message.value))
  }
}

/** `18:04:05.123456  ganeti.event.job  job-7 running  INSTANCE_STARTUP(vm1)` */
export function humanLine({ routingKey, headers, body }: Message): string {
  const time = String(headers['cloudEvents:time'] ?? '').slice(11, -1)
  const { status, operation, summary } = JSON.parse(body) as Readonly<Record<string, unknown>>
  const what = Array.isArray(summary) ? summary.join(',') : operation
  return [time, routingKey, headers['cloudEvents:subject'], status, what]
    .filter((part) => part !== undefined)
    .map((part) => printable(String(part)))
    .join('  ')
}
