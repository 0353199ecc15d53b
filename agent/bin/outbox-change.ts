/**
 * `okeanid outbox retry` and `outbox purge`. An outbox has one writer: while the events role runs it is asked over its status socket to
 * do it; else the outbox is opened here, under its lock, and what root wrote is given to the role's user again.
 * Files of the quarantine are nobody's once they lie there, so they are removed here in any case.
 */
import { chown, readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline/promises'
import { AgentError, hasCode } from '#errors.js'
import { type Outbox, openOutbox } from '#outbox/outbox.js'
import { listQuarantine, QUARANTINE, removeQuarantined } from '#outbox/quarantine.js'
import { type Retried, retryQuarantined } from '#outbox/retry.js'
import { surveyOutbox } from '#outbox/survey.js'
import { printLine } from '#service/log.js'
import { askStatusSocket } from '#service/status-socket.js'
import { findOutbox, type OutboxPlace, withFiles } from './outbox-place.js'
import { maxIdsPerRequest, nameOf, type OutboxAnswer } from './outbox-requests.js'
import { pathsOf } from './paths.js'

interface Location {
  readonly file: string
  readonly isRequired: boolean
}

/** What is to be thrown away. */
export interface PurgeOptions {
  readonly quarantined?: true
  readonly all?: true
  readonly yes?: true
}

/** How long a running role may take: a thousand messages are a second, a disk that is busy a minute. */
const answerMs = 120_000

/**
 * Puts messages of the quarantine back.
 * @throws AgentError USAGE without a choice; INPUT_UNREADABLE for an id that is none; OUTBOX_WRITE when not all went back
 */
export async function retryMessages(
  location: Location,
  {
    ids,
    all,
    json,
  }: { readonly ids: readonly string[]; readonly all?: true; readonly json?: true },
): Promise<void> {
  if ((ids.length === 0) === (all === undefined))
    throw new AgentError('USAGE', 'say which messages: their numbers, or --all')
  if (ids.length > maxIdsPerRequest)
    throw new AgentError('USAGE', `at most ${maxIdsPerRequest} numbers at once; or --all`)
  const names = all ? undefined : ids.map(nameOf)
  const place = await findOutbox(location)
  const query = all ? 'all' : ids.map((id) => `id=${id}`).join('&')
  const retried = await withFiles(place.dir, () =>
    change(place, `/outbox/retry?${query}`, (outbox) => retryQuarantined(outbox, place.dir, names)),
  )
  const { retriedCount = 0, unusable = [], problem } = retried as Partial<Retried>
  if (json) printLine(JSON.stringify({ retried: retriedCount, unusable, problem: problem ?? null }))
  else printLine(`${retriedCount} messages put back; they are sent behind all that waits`)
  if (problem !== undefined) throw new AgentError('OUTBOX_WRITE', problem)
  if (unusable.length > 0)
    throw new AgentError(
      'INPUT_UNREADABLE',
      `not in the quarantine, or not whole: ${unusable.join(', ')} (okeanid outbox list --quarantined)`,
    )
}

/**
 * Throws messages away, after it was told twice to.
 * @throws AgentError USAGE without a choice, or without an answer to the question
 */
export async function purgeMessages(
  location: Location,
  { quarantined, all, yes, json }: PurgeOptions & { readonly json?: true },
): Promise<void> {
  if ((quarantined === undefined) === (all === undefined))
    throw new AgentError('USAGE', 'say what to throw away: --quarantined, or --all')
  const place = await findOutbox(location)
  const { dir } = place
  const { files, waitingCount } = await withFiles(dir, async () => ({
    files: await listQuarantine(dir),
    waitingCount: (await surveyOutbox(dir)).waitingCount,
  }))
  const what = `${files.length} files of the quarantine${all ? ` and about ${waitingCount} messages that wait` : ''}`
  if (!yes) await confirm(what)
  const removed = await withFiles(dir, async () => {
    const answer = all
      ? await change(place, '/outbox/discard', async (outbox) => ({
          discardedCount: await outbox.discard(),
        }))
      : { discardedCount: 0 }
    for (const { name } of files) await removeQuarantined(dir, name)
    return answer
  })
  if (!('discardedCount' in removed))
    throw new AgentError('OUTBOX_WRITE', removed.problem ?? 'the agent did not say what it did')
  const { discardedCount } = removed
  if (json) printLine(JSON.stringify({ quarantined: files.length, waiting: discardedCount }))
  else
    printLine(
      `thrown away: ${files.length} files of the quarantine, ${discardedCount} messages that waited`,
    )
}

async function confirm(what: string): Promise<void> {
  if (!process.stdin.isTTY)
    throw new AgentError('USAGE', `this throws away ${what}; nobody is there to ask, so say --yes`)
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await terminal.question(
      `This throws away ${what}, for good.\nType purge to go on: `,
    )
    if (answer.trim() !== 'purge') throw new AgentError('USAGE', 'nothing was thrown away')
  } finally {
    terminal.close()
  }
}

/** Has the running role do it, or does it here when none runs. */
async function change(
  place: OutboxPlace,
  route: string,
  work: (outbox: Outbox) => Promise<OutboxAnswer>,
): Promise<OutboxAnswer> {
  const { config, dir } = place
  await stat(dir) // opening it would make a new one
  const socket = pathsOf(config).statusSocket('events')
  try {
    const answer = await askStatusSocket(socket, route, { method: 'POST', timeoutMs: answerMs })
    return JSON.parse(answer) as OutboxAnswer
  } catch (error) {
    if (!hasCode(error, 'AGENT_NOT_RUNNING')) throw error
  }
  try {
    const outbox = await openOutbox({ dir, segmentBytes: config.outbox.segment_size.bytes })
    try {
      return await work(outbox)
    } finally {
      await outbox.close()
    }
  } finally {
    await giveBack(dir)
  }
}

/** Files that root made here would shut the role out of its own outbox. */
async function giveBack(dir: string): Promise<void> {
  if (process.getuid?.() !== 0) return
  const { uid, gid } = await stat(dir)
  if (uid === 0) return
  for (const folder of [dir, path.join(dir, QUARANTINE)]) {
    for (const name of await readdir(folder)) {
      const file = path.join(folder, name)
      if ((await stat(file)).uid !== uid) await chown(file, uid, gid)
    }
  }
}
