import { writeU16, writeU32 } from '#wire/bytes.js'

/** A reply that is being written. Changed in place. What does not fit is not written, and `isOverfull` tells so. */
export interface ReplyDraft {
  readonly bytes: Uint8Array
  /** Where the next byte goes. */
  at: number
  readonly end: number
  isOverfull: boolean
}

/** Copies these bytes. */
export function putBytes(draft: ReplyDraft, from: Uint8Array): void {
  putStretch(draft, from, { at: 0, length: from.length })
}

/** Copies this stretch. */
export function putStretch(
  draft: ReplyDraft,
  from: Uint8Array,
  { at, length }: { readonly at: number; readonly length: number },
): void {
  if (!claim(draft, length)) return
  const { bytes } = draft
  const toAt = draft.at - length
  for (let index = 0; index < length; index++) bytes[toAt + index] = from[at + index] ?? 0
}

/** 16 bits. */
export function putU16(draft: ReplyDraft, value: number): void {
  if (claim(draft, 2)) writeU16(draft.bytes, draft.at - 2, value)
}

/** 32 bits. */
export function putU32(draft: ReplyDraft, value: number): void {
  if (claim(draft, 4)) writeU32(draft.bytes, draft.at - 4, value)
}

/** Begins an option whose length is known only later. @returns where it begins, for {@link endOption} */
export function beginOption(draft: ReplyDraft, code: number): number {
  const at = draft.at
  putU16(draft, code)
  putU16(draft, 0)
  return at
}

/** Writes the length of the option that began at `at`. */
export function endOption(draft: ReplyDraft, at: number): void {
  if (!draft.isOverfull) writeU16(draft.bytes, at + 2, draft.at - at - 4)
}

/** Makes room for as many bytes, which end at `draft.at` then. */
function claim(draft: ReplyDraft, length: number): boolean {
  if (draft.isOverfull || draft.at + length > draft.end) {
    draft.isOverfull = true
    return false
  }
  draft.at += length
  return true
}
