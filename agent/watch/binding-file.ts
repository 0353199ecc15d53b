import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { maxBindingBytes } from '#binding/binding.js'
import { systemCode } from '#errors.js'
import { type FileSignature, signatureOf } from './job-file.js'

/** What reading a small file brought. */
export type SmallFile =
  | { readonly kind: 'text'; readonly text: string; readonly signature: FileSignature }
  | { readonly kind: 'gone' }
  | { readonly kind: 'unusable'; readonly why: string; readonly signature: FileSignature }

/** Where files are read into; no file of more than {@link maxBindingBytes} is taken. */
const buffer = Buffer.allocUnsafeSlow(maxBindingBytes + 1)

/**
 * Reads a binding's file. Synchronously: it was just written, so it comes from the page cache, where a round trip through
 * the thread pool would cost five times as much. Never waits, also not for a pipe of that name.
 */
export function readSmallFile(file: string): SmallFile {
  let descriptor: number
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    const code = systemCode(error) ?? 'EIO'
    return code === 'ENOENT' ? { kind: 'gone' } : unusable(code, signatureOfFile(file) ?? code)
  }
  try {
    const stats = fstatSync(descriptor)
    const signature = signatureOf(stats)
    if (!stats.isFile()) return unusable('is no file', signature)
    const length = readSync(descriptor, buffer, 0, buffer.length, 0)
    return length > maxBindingBytes
      ? unusable(`is larger than ${maxBindingBytes} bytes`, signature)
      : { kind: 'text', text: buffer.toString('utf8', 0, length), signature }
  } catch (error) {
    const code = systemCode(error) ?? 'EIO'
    return unusable(code, code)
  } finally {
    closeSync(descriptor)
  }
}

/** How long ago a file was changed; infinite when nobody can tell. */
export function ageMs(file: string): number {
  try {
    return ageAt(Date.now(), statSync(file).ctimeMs)
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/**
 * How long before `nowMs` something was changed; infinite when a clock was put back since. `nowMs` is in whole milliseconds, as `Date.now` has
 * it, and may so be a part of one before a change that was just made.
 */
export function ageAt(nowMs: number, changedMs: number): number {
  const age = nowMs - Math.floor(changedMs)
  return age >= 0 ? age : Number.POSITIVE_INFINITY
}

/** The version of a file as its metadata tell it; undefined when it is gone. */
export function signatureOfFile(file: string): FileSignature | undefined {
  try {
    return signatureOf(statSync(file))
  } catch {
    return undefined
  }
}

function unusable(why: string, signature: FileSignature): SmallFile {
  return { kind: 'unusable', why, signature }
}
