/**
 * `okeanid nic why TAP|INSTANCE`: which rules dropped what, or would have: one sentence a reason with its counters. They are read twice;
 * what grows in between comes first.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { parseIfName } from '#addr/if-name.js'
import { AgentError } from '#errors.js'
import { readTapRules } from '#kernel/rule-dump.js'
import { explainRefusals } from '#nic/repair/explain.js'
import { loadConfig } from '#service/config.js'
import { printable, printLine } from '#service/log.js'
import { requireRoot } from './nic-list.js'
import { createNodeReader, repairPlaces } from './node-nics.js'

/** How long is looked, and how it is shown. */
export interface WhyOptions {
  /** Between the two readings. */
  readonly seconds?: string
  readonly json?: true
}

/**
 * Prints the reasons of each tap.
 * @throws AgentError ROOT_NEEDED; INPUT_UNREADABLE when there is no such tap or instance, or it has no rules
 */
export async function explainDrops(
  location: { readonly file: string; readonly isRequired: boolean },
  subject: string,
  { seconds = '1', json }: WhyOptions,
): Promise<void> {
  requireRoot('what rules have counted')
  const { config } = await loadConfig(location.file, location)
  const records = createNodeReader(repairPlaces(config)).records()
  const asTap = parseIfName(subject)
  const taps = [...readTapRules().keys()].filter(
    (tap) => tap === asTap || records.get(tap)?.nic.instance === subject,
  )
  if (taps.length === 0) {
    throw new AgentError(
      'INPUT_UNREADABLE',
      `no rules of ${subject} here: it is disabled, runs elsewhere, or has another name; okeanid nic list`,
    )
  }
  const before = readTapRules()
  await delay(Math.min(Math.max(Number(seconds) || 0, 0), 3600) * 1000)
  const after = readTapRules()
  const explained = taps.map((tap) => ({
    tap,
    instance: records.get(tap)?.nic.instance ?? null,
    stance: records.get(tap)?.stance ?? null,
    reasons: explainRefusals({
      before: before.get(tap)?.refusals ?? [],
      after: after.get(tap)?.refusals ?? [],
    }),
  }))
  if (json) {
    printLine(JSON.stringify(explained, null, 2))
    return
  }
  for (const { tap, instance, stance, reasons } of explained) {
    const verb = stance === 'observe' ? 'would have been dropped (observed only)' : 'dropped'
    printLine(printable(`${tap} of ${instance ?? 'nobody that is known'}:`))
    if (reasons.length === 0) printLine('  nothing was dropped')
    for (const { packets, bytes, sentence, reason, isGrowing } of reasons)
      printLine(
        `  ${packets} packets, ${bytes} bytes ${verb}${isGrowing ? ', just now too' : ''}: ${sentence} (${reason})`,
      )
  }
}
