/**
 * `okeanid outbox show`: one message that waits or lies in the quarantine, whole: what it goes by, its headers, its body; or bytes
 * that are no message, as hexadecimal.
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { AgentError, systemCode } from '#errors.js'
import { decodeMessage } from '#event/codec.js'
import { QUARANTINE, quarantineName, readQuarantined } from '#outbox/quarantine.js'
import { readWaiting } from '#outbox/survey.js'
import { printable, printLine } from '#service/log.js'
import { findOutbox, withFiles } from './outbox-place.js'

interface Found {
  readonly state: 'waiting' | 'quarantined' | 'damaged'
  readonly appendedMs: number | null
  readonly reason: string | null
  readonly bytes: Uint8Array
}

/** Bytes of a damaged piece that are printed. */
const maxHexBytes = 64 * 1024

/** Prints it. @throws AgentError INPUT_UNREADABLE when there is none of this id; ROOT_NEEDED */
export async function showMessage(
  location: { readonly file: string; readonly isRequired: boolean },
  { id, json }: { readonly id: string; readonly json?: true },
): Promise<void> {
  const { dir } = await findOutbox(location)
  const found = await withFiles(dir, () => find(dir, id))
  if (found === undefined) {
    throw new AgentError(
      'INPUT_UNREADABLE',
      `${id}: nothing of this id waits or is quarantined in ${dir}; the broker may have it by now (okeanid outbox list)`,
    )
  }
  const { state, appendedMs, reason, bytes } = found
  const message = state === 'damaged' ? undefined : decodeMessage(bytes)
  const head = { id, state, appendedMs, reason }
  if (message === undefined || !message.ok) {
    const hex = hexLines(bytes)
    if (json)
      printLine(JSON.stringify({ ...head, problem: message?.problem ?? null, hex }, null, 2))
    else
      for (const line of [...headLines({ ...head, bytes: bytes.length }), ...hex]) printLine(line)
    return
  }
  const { routingKey, messageId, timestampSeconds, headers, body } = message.value
  if (json) {
    const shown = { ...head, routingKey, messageId, timestampSeconds, headers, body: parsed(body) }
    printLine(JSON.stringify(shown, null, 2))
    return
  }
  const named = { ...head, routingKey, messageId, timestampSeconds, ...headers }
  for (const line of headLines(named)) printLine(line)
  printLine('')
  for (const line of JSON.stringify(parsed(body), null, 2).split('\n')) printLine(printable(line))
}

async function find(dir: string, id: string): Promise<Found | undefined> {
  if (/^\d{1,15}$/.test(id)) {
    return (await quarantined(dir, quarantineName(Number(id)))) ?? (await waiting(dir, Number(id)))
  }
  return /^[\d-]+\.(?:damage|entry)$/.test(id) ? await quarantined(dir, id) : undefined
}

async function quarantined(dir: string, name: string): Promise<Found | undefined> {
  try {
    const entry = await readQuarantined(dir, name)
    if (entry) {
      const { appendedMs, reason, body: bytes } = entry
      return { state: 'quarantined', appendedMs, reason, bytes }
    }
    const bytes = await readFile(path.join(dir, QUARANTINE, name))
    return { state: 'damaged', appendedMs: null, reason: null, bytes }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

async function waiting(dir: string, id: number): Promise<Found | undefined> {
  for await (const { sequence, appendedMs, body: bytes } of readWaiting(dir, id)) {
    return sequence === id ? { state: 'waiting', appendedMs, reason: null, bytes } : undefined
  }
  return undefined
}

function headLines(head: Readonly<Record<string, string | number | null>>): readonly string[] {
  return Object.entries(head).flatMap(([name, value]) => {
    if (value === null) return []
    const text = name === 'appendedMs' ? new Date(Number(value)).toISOString() : String(value)
    return [`${(name === 'appendedMs' ? 'appended' : name).padEnd(23)} ${printable(text)}`]
  })
}

/** `00000010  48 65 6c 6c 6f …  |Hello…|` */
function hexLines(bytes: Uint8Array): readonly string[] {
  const lines: string[] = []
  for (let at = 0; at < Math.min(bytes.length, maxHexBytes); at += 16) {
    const row = bytes.subarray(at, at + 16)
    const hex = Array.from(row, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
    const text = Array.from(row, (byte) =>
      byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.',
    )
    lines.push(`${at.toString(16).padStart(8, '0')}  ${hex.padEnd(47)}  |${text.join('')}|`)
  }
  if (bytes.length > maxHexBytes) lines.push(`… ${bytes.length - maxHexBytes} bytes more`)
  return lines
}

/** The body as a value; one that is no JSON as its text. */
function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}
