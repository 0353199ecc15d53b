import { constants } from 'node:fs'
import * as fs from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode } from '#errors.js'
import { type Disk, FILE_MODE } from './disk.js'
import { segmentName } from './segment.js'

/** The folder below the outbox for what could not be sent or not be read. */
export const QUARANTINE = 'quarantine'

/** An entry that was moved aside: what it was and why. */
export interface QuarantinedEntry {
  readonly sequence: number
  /** Unix time in milliseconds. */
  readonly appendedMs: number
  readonly reason: string
  readonly body: Uint8Array
}

/** A file in the quarantine: a whole entry that nobody would take, or bytes of a segment that are no entry. */
export interface QuarantinedFile {
  readonly kind: 'entry' | 'damage'
  readonly name: string
}

const ENTRY = /^\d{20}\.entry$/
const DAMAGE = /^\d{20}-\d{10}\.damage$/

/**
 * Writes an entry to `quarantine/<sequence>.entry`: one line of JSON (sequence, appendedMs, reason, bodyBytes), then
 * the body.
 * It is on disk, and its name too, when this resolves. Rejects with the system's error.
 */
export async function setAsideEntry(
  disk: Disk,
  dir: string,
  entry: QuarantinedEntry,
): Promise<void> {
  const { sequence, appendedMs, reason, body } = entry
  const path = join(dir, QUARANTINE, quarantineName(sequence))
  const head = JSON.stringify({ sequence, appendedMs, reason, bodyBytes: body.length })
  const bytes = Buffer.concat([Buffer.from(`${head}\n`), body])
  // Under its own name at once: a crash leaves a file that its bodyBytes give away, and the entry in its segment.
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC
  await writeFile(disk, path, { bytes, flags })
  await disk.syncDirectory(join(dir, QUARANTINE))
}

/**
 * Copies bytes of a segment to `quarantine/<segment>-<offset>.damage`; the same bytes are copied only once, however
 * often they are met.
 *
 * @returns false when they were there before. Rejects with the system's error.
 */
export async function setAsideDamage(
  disk: Disk,
  dir: string,
  damage: { readonly segment: number; readonly start: number; readonly bytes: Uint8Array },
): Promise<boolean> {
  const offset = String(damage.start).padStart(10, '0')
  const name = `${segmentName(damage.segment).replace('.seg', '')}-${offset}.damage`
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL
  try {
    await writeFile(disk, join(dir, QUARANTINE, name), { bytes: damage.bytes, flags })
    return true
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw error
  }
}

/** The name of the file of an entry that was moved aside. */
export function quarantineName(sequence: number): string {
  return `${String(sequence).padStart(20, '0')}.entry`
}

/** What lies in the quarantine of an outbox, oldest first; needs no lock. Nothing when there is no such folder. */
export async function listQuarantine(dir: string): Promise<readonly QuarantinedFile[]> {
  const names = await fs.readdir(join(dir, QUARANTINE)).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  })
  const files: QuarantinedFile[] = []
  for (const name of names.sort()) {
    if (ENTRY.test(name)) files.push({ kind: 'entry', name })
    else if (DAMAGE.test(name)) files.push({ kind: 'damage', name })
  }
  return files
}

/** Reads one entry of {@link listQuarantine}; undefined when the file is not a whole one. */
export async function readQuarantined(
  dir: string,
  name: string,
): Promise<QuarantinedEntry | undefined> {
  const bytes = await fs.readFile(join(dir, QUARANTINE, name))
  const lineEnd = bytes.indexOf('\n')
  if (!ENTRY.test(name) || lineEnd < 0) return undefined
  const head: unknown = parseJson(bytes.subarray(0, lineEnd).toString('utf8'))
  if (typeof head !== 'object' || head === null) return undefined
  const { sequence, appendedMs, reason, bodyBytes } = head as Partial<Record<string, unknown>>
  const body = bytes.subarray(lineEnd + 1)
  if (typeof sequence !== 'number' || typeof appendedMs !== 'number') return undefined
  if (typeof reason !== 'string' || bodyBytes !== body.length) return undefined
  return { sequence, appendedMs, reason, body }
}

/** Removes one file of {@link listQuarantine}, after it was sent again or looked at. */
export async function removeQuarantined(dir: string, name: string): Promise<void> {
  if (!ENTRY.test(name) && !DAMAGE.test(name)) return
  await fs.rm(join(dir, QUARANTINE, name), { force: true })
}

async function writeFile(
  disk: Disk,
  path: string,
  { bytes, flags }: { readonly bytes: Uint8Array; readonly flags: number },
): Promise<void> {
  const fd = await disk.open(path, flags, FILE_MODE)
  try {
    await disk.write(fd, bytes, 0)
    await disk.sync(fd)
  } catch (error) {
    // Half a copy would pass for a whole one. When even the unlink fails, its reader is told by the length.
    await disk.unlink(path).catch(() => undefined)
    throw error
  } finally {
    await disk.close(fd)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
