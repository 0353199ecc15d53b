import { jobFactKey, opFactKey } from '#event/message-id.js'
import type { Fact, JobFact, OpFact } from './timeline.js'

/** What was told of a job: its statuses one by one, of its log all up to a line. */
export interface Told {
  readonly keys: Set<string>
  logSerial: number
}

/** Whether this fact was told. */
export function isTold(told: Told, fact: Fact): boolean {
  return fact.kind === 'log' ? fact.line.serial <= told.logSerial : told.keys.has(factKey(fact))
}

/** Notes a fact as told. */
export function tick(told: Told, fact: Fact): void {
  if (fact.kind === 'log') told.logSerial = Math.max(told.logSerial, fact.line.serial)
  else told.keys.add(factKey(fact))
}

/** As texts: keys of statuses, and `l<serial>` for the log. */
export function keysOf({ keys, logSerial }: Told): readonly string[] {
  return logSerial === 0 ? [...keys] : [...keys, `l${logSerial}`]
}

/** What {@link keysOf} wrote. */
export function toldOf(texts: readonly string[]): Told {
  const isLog = (text: string) => /^l\d+$/.test(text)
  const serials = texts.filter(isLog).map((text) => Number(text.slice(1)))
  return { keys: new Set(texts.filter((text) => !isLog(text))), logSerial: Math.max(0, ...serials) }
}

/** What a job told that told these facts. */
export function toldBy(facts: readonly Fact[]): Told {
  const told = toldOf([])
  for (const fact of facts) tick(told, fact)
  return told
}

function factKey(fact: OpFact | JobFact): string {
  return fact.kind === 'op'
    ? opFactKey(fact.opIndex, fact.status, fact.time)
    : `j${jobFactKey(fact.statuses)}`
}
