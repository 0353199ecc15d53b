/**
 * `okeanid outbox list`: what waits for the broker and what was moved aside. Reads the files beside a running agent, without its lock
 * and without changing anything, so a few messages more may be shown than still wait.
 */
import { decodeMessage } from '#event/codec.js'
import { listQuarantine, readQuarantined } from '#outbox/quarantine.js'
import { readWaiting, surveyOutbox } from '#outbox/survey.js'
import { printable, printLine } from '#service/log.js'
import { findOutbox, withFiles } from './outbox-place.js'
import { mebibytes } from './process-status.js'

/** What is wanted of the list. */
export interface ListOptions {
  readonly limit: number
  readonly after: number
  readonly routingKey?: string
  readonly subject?: string
  readonly quarantined?: true
}

/** One message, as far as a list shows it; null: it cannot be read. */
interface Row {
  readonly id: number
  readonly appendedMs: number
  readonly bytes: number
  readonly routingKey: string | null
  readonly subject: string | null
  readonly messageId: string | null
}

/** One file of the quarantine. */
type QuarantineRow =
  | (Row & { readonly kind: 'entry'; readonly reason: string })
  /** Bytes of a segment that are no message, or a file that is not whole. */
  | { readonly kind: 'damage'; readonly id: string }

interface Tally {
  readonly routingKeys: Map<string, number>
  readonly subjects: Map<string, number>
  countedCount: number
}

interface Page {
  readonly tally: Tally
  readonly rows: readonly Row[]
  readonly hasMore: boolean
}

/** Messages of which routing keys and subjects are counted: about a second of reading. */
const maxCounted = 100_000

/** Names that are printed of each kind, those with the most messages. */
const maxNames = 10

/** Prints it. @throws AgentError ROOT_NEEDED, INPUT_UNREADABLE */
export async function listOutbox(
  location: { readonly file: string; readonly isRequired: boolean },
  options: ListOptions & { readonly json?: true },
): Promise<void> {
  const { dir } = await findOutbox(location)
  const { survey, page, quarantine } = await withFiles(dir, async () => ({
    survey: await surveyOutbox(dir),
    page: options.quarantined ? emptyPage() : await readPage(dir, options),
    quarantine: await readQuarantine(dir),
  }))
  const next = page.hasMore ? (page.rows.at(-1)?.id ?? null) : null
  if (options.json) {
    const { waitingCount: count, waitingBytes: bytes, oldestMs = null } = survey
    const { routingKeys, subjects, countedCount: counted } = page.tally
    const by = (names: Map<string, number>) => Object.fromEntries(mostOf(names))
    const counts = { counted, routingKeys: by(routingKeys), subjects: by(subjects) }
    const waiting = { count, bytes, oldestMs, ...counts, messages: page.rows, next }
    printLine(JSON.stringify({ directory: dir, waiting, quarantine }, null, 2))
    return
  }
  printLine(
    `waiting     ${survey.waitingCount} messages (${mebibytes(survey.waitingBytes)})${survey.oldestMs === undefined ? '' : `, the oldest for ${age(survey.oldestMs)}`}, in ${dir}`,
  )
  printNames('keys', page.tally.routingKeys)
  printNames('subjects', page.tally.subjects)
  if (page.tally.countedCount < survey.waitingCount && page.tally.countedCount >= maxCounted)
    printLine(`            (of the first ${page.tally.countedCount})`)
  for (const row of page.rows) printLine(`  ${describe(row)}`)
  if (next !== null) printLine(`  more: --after ${next}`)
  printLine(`quarantine  ${quarantine.length} files`)
  for (const row of quarantine)
    printLine(
      row.kind === 'damage'
        ? `  ${row.id}  bytes that are no message`
        : `  ${describe(row)}  ${printable(row.reason)}`,
    )
}

async function readPage(dir: string, options: ListOptions): Promise<Page> {
  const { limit, after, routingKey, subject } = options
  const tally: Tally = { ...emptyPage().tally }
  const rows: Row[] = []
  let hasMore = false
  for await (const { sequence, appendedMs, body } of readWaiting(dir)) {
    const row = rowOf({ sequence, appendedMs, body })
    const fits =
      (routingKey === undefined || row.routingKey === routingKey) &&
      (subject === undefined || row.subject === subject)
    if (fits && sequence > after) {
      if (rows.length < limit) rows.push(row)
      else hasMore ||= limit > 0
    }
    const isCounting = tally.countedCount < maxCounted
    if (!isCounting && (hasMore || limit === 0)) break
    if (!isCounting || !fits) continue
    tally.countedCount += 1
    addTo(tally.routingKeys, row.routingKey ?? '(unreadable)')
    addTo(tally.subjects, row.subject ?? '(unreadable)')
  }
  return { tally, rows, hasMore }
}

function emptyPage(): Page {
  const tally = { routingKeys: new Map(), subjects: new Map(), countedCount: 0 }
  return { tally, rows: [], hasMore: false }
}

async function readQuarantine(dir: string): Promise<readonly QuarantineRow[]> {
  const rows: QuarantineRow[] = []
  for (const { kind, name } of await listQuarantine(dir)) {
    const entry = kind === 'entry' ? await readQuarantined(dir, name) : undefined
    rows.push(
      entry
        ? { kind: 'entry', ...rowOf(entry), reason: entry.reason }
        : { kind: 'damage', id: name },
    )
  }
  return rows
}

function rowOf({
  sequence,
  appendedMs,
  body,
}: {
  readonly sequence: number
  readonly appendedMs: number
  readonly body: Uint8Array
}): Row {
  const message = decodeMessage(body)
  const base = { id: sequence, appendedMs, bytes: body.length }
  if (!message.ok) return { ...base, routingKey: null, subject: null, messageId: null }
  const { routingKey, messageId, headers } = message.value
  const subject = headers['cloudEvents:subject']
  return { ...base, routingKey, messageId, subject: subject === undefined ? null : String(subject) }
}

function describe({ id, appendedMs, bytes, routingKey, subject, messageId }: Row): string {
  const what =
    routingKey === null ? [`${bytes} bytes that are no message`] : [routingKey, subject, messageId]
  return [String(id), age(appendedMs), ...what].map((part) => printable(part ?? '-')).join('  ')
}

function printNames(title: string, names: Map<string, number>): void {
  if (names.size === 0) return
  const shown = mostOf(names).slice(0, maxNames)
  const rest = names.size - shown.length
  const texts = shown.map(([name, count]) => `${printable(name)} ${count}`)
  printLine(`${title.padEnd(11)} ${texts.join(', ')}${rest > 0 ? `, and ${rest} more` : ''}`)
}

function mostOf(names: Map<string, number>): readonly (readonly [string, number])[] {
  return [...names].sort(([, a], [, b]) => b - a)
}

function addTo(names: Map<string, number>, name: string): void {
  names.set(name, (names.get(name) ?? 0) + 1)
}

/** `42 s`, `3 min`, `5 h`, `2 d` */
function age(sinceMs: number): string {
  const seconds = Math.max(0, Math.round((Date.now() - sinceMs) / 1000))
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`
}
