/**
 * `okeanid events replay DIR`: recorded versions of job files go through the same code as live ones, and what would be
 * sent is printed, one JSON line a message. Files that are no jobs are named on standard error and passed over.
 */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { AgentError, systemCode } from '#errors.js'
import type { Message } from '#event/message.js'
import { decodeJob, describeJobProblem } from '#ganeti/job-decoder.js'
import { jobOfFileName } from '#ganeti/job-file.js'
import { jobMessages } from '#progress/job-messages.js'
import { createLedger } from '#progress/ledger.js'
import { createLog, printLine } from '#service/log.js'

/** Prints the messages of all versions in a folder, in the order of their names. */
export function replayEvents(
  dir: string,
  { cluster, clusterUuid }: { readonly cluster: string; readonly clusterUuid: string },
): void {
  const log = createLog({ level: 'info', withPriority: false })
  const ledger = createLedger()
  const identity = { name: cluster, uuid: clusterUuid, prefixes: new Map<string, string>() }
  const origin = { node: 'replay', cluster }
  const files = versionFiles(dir)
  if (files.length === 0) {
    throw new AgentError(
      'INPUT_UNREADABLE',
      `${dir}: there are no job files (NNNN-job-ID.json or job-ID)`,
    )
  }
  for (const name of files) {
    const bytes = readVersion(path.join(dir, name))
    if (typeof bytes === 'string') {
      log('warning', 'job-file-unreadable', { file: name, code: bytes })
      continue
    }
    const outcome = decodeJob(bytes)
    if (!outcome.ok) {
      log('warning', 'job-file-damaged', { file: name, why: describeJobProblem(outcome.problem) })
      continue
    }
    const job = outcome.value
    const facts = ledger.news(job)
    for (const message of jobMessages(identity, origin, { job, facts }))
      printLine(messageLine(message))
    ledger.record(job, facts)
  }
}

/** A message as one line of JSON, as replay and tail print it; the body is its own JSON, digit for digit. */
export function messageLine({ routingKey, messageId, headers, body }: Message): string {
  const envelope = JSON.stringify({ routingKey, messageId, headers })
  return `${envelope.slice(0, -1)},"body":${body}}`
}

/** The bytes of a file, or the system's code when it cannot be read. */
function readVersion(file: string): Uint8Array | string {
  try {
    return readFileSync(file)
  } catch (error) {
    return systemCode(error) ?? String(error)
  }
}

function versionFiles(dir: string): readonly string[] {
  let names: readonly string[]
  try {
    names = readdirSync(dir).filter(
      (name) => /^\d+-job-\d+\.json$/.test(name) || jobOfFileName(name) !== undefined,
    )
  } catch (cause) {
    throw new AgentError(
      'INPUT_UNREADABLE',
      `${dir}: cannot be listed (${systemCode(cause) ?? String(cause)})`,
      { cause },
    )
  }
  return names.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
}
