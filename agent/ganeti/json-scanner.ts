import { err, ok, type Result } from '#result.js'
import { createValueBuilder, type ValueBuilder } from './json-builder.js'
import { decodeStringBytes, parseScalar } from './json-text.js'
import { byteOf, createTokenBuffer, endsWord, isSpace } from './json-token.js'
import type { JsonValue } from './json-value.js'

/** What to do with the value that starts here: look inside, hand it over, pass over it, or over all that is left of its container. */
export type Choice = 'enter' | 'take' | 'skip' | 'leave'

/** Where a value stands: keys of objects and indexes of arrays, from the root. Live: copy it to keep it. */
export type JsonPath = readonly (string | number)[]

/** What the reader of a document wants of it. */
export interface JsonSelection {
  /** Asked once for each value inside entered containers; the root itself is always entered. */
  choose(path: JsonPath): Choice
  /** Hands over a taken value; undefined when it was larger than `maxValueBytes` or nested too deep. */
  take(path: JsonPath, value: JsonValue | undefined): void
}

/** Why a document could not be read to its end. */
export type JsonProblem =
  | { readonly kind: 'empty' }
  | { readonly kind: 'truncated' }
  | { readonly kind: 'syntax'; readonly offsetBytes: number }

/** Reads one JSON document from slices of any size. */
export interface JsonScanner {
  /** Reads the next slice; the bytes are not kept. After a syntax error further slices are ignored. */
  write(slice: Uint8Array): void
  /** Says whether the document was whole. */
  end(): Result<undefined, JsonProblem>
}

type Expect = 'value' | 'value-or-end' | 'key' | 'key-or-end' | 'colon' | 'comma-or-end' | 'nothing'

/**
 * Opens a scanner that reads a JSON document slice by slice and builds only what the selection takes, so that a
 * document of any size costs the memory of its largest taken value, and secrets that nobody takes never become
 * strings.
 *
 * Lenient where Ganeti's writers are: bytes that are not UTF-8, `NaN`, raw control characters. Inside skipped values only
 * strings and brackets are followed.
 * @param maxValueBytes a taken value larger than this is handed over as undefined
 */
export function createJsonScanner(selection: JsonSelection, maxValueBytes: number): JsonScanner {
  const path: (string | number)[] = []
  /** For each entered container: is it an array? */
  const frames: boolean[] = []
  let expect: Expect = 'value'
  let offsetBytes = 0
  let failedAtBytes: number | undefined
  /** Builder of the value being taken, undefined outside of one. */
  let builder: ValueBuilder | undefined
  /** Open brackets of the value being skipped; 0 outside of one. */
  let skipDepth = 0
  /** Token that is being read: a string, a bare word, or none. */
  let token = 'none' as 'none' | 'string' | 'skipped-string' | 'word'
  const buffer = createTokenBuffer(maxValueBytes)
  let tokenStart = 0
  let isTokenKey = false
  let hasEscape = false
  let isAfterBackslash = false

  function fail(at: number): void {
    failedAtBytes ??= at
  }

  function isInWord(): boolean {
    return token === 'word'
  }

  /** Called where a value begins: what is to become of it. */
  function choose(): Choice {
    if (builder !== undefined) return 'take'
    const choice = frames.length === 0 ? 'enter' : selection.choose(path)
    if (choice !== 'leave') return choice
    frames.pop()
    path.pop()
    skipDepth = 1
    return 'skip'
  }

  /** A value ended; `isTaken` says whether somebody wants it. */
  function valueDone(value: JsonValue | undefined, isTaken: boolean): void {
    if (builder !== undefined) builder.add(value)
    else if (isTaken) selection.take(path, value)
    expect = frames.length === 0 ? 'nothing' : 'comma-or-end'
  }

  function openContainer(isArray: boolean, at: number): void {
    const choice = choose()
    if (choice === 'skip') return void skipDepth++
    if (choice === 'take') {
      builder ??= createValueBuilder(maxValueBytes, at)
      builder.open(isArray)
    } else {
      frames.push(isArray)
      path.push(isArray ? 0 : '')
    }
    expect = isArray ? 'value-or-end' : 'key-or-end'
  }

  function closeContainer(isArray: boolean, at: number): void {
    if (builder !== undefined) {
      if (builder.isArray() !== isArray) return fail(at)
      const done = builder.close()
      expect = 'comma-or-end'
      if (done === undefined) return
      builder = undefined
      return valueDone(done.value, true)
    }
    if (frames.pop() !== isArray) return fail(at)
    path.pop()
    valueDone(undefined, false)
  }

  function startToken(kind: 'string' | 'word', isKey: boolean, at: number): void {
    token = kind
    tokenStart = at
    isTokenKey = isKey
    buffer.start(isKey || choose() !== 'skip')
    hasEscape = isAfterBackslash = false
  }

  function endString(): void {
    token = 'none'
    if (!buffer.isKept) return valueDone(undefined, false)
    const bytes = buffer.bytes()
    const text = bytes && decodeStringBytes(bytes, hasEscape)
    if (!isTokenKey) return valueDone(text, true)
    if (builder !== undefined) builder.key(text ?? '')
    else path[path.length - 1] = text ?? ''
    expect = 'colon'
  }

  function endWord(): void {
    token = 'none'
    if (!buffer.isKept) return valueDone(undefined, false)
    const bytes = buffer.bytes()
    const value = bytes && parseScalar(decodeStringBytes(bytes, false))
    if (value === undefined) return fail(tokenStart)
    valueDone(value, true)
  }

  /** One structural byte outside of tokens. */
  function structure(byte: number, at: number): void {
    const wantsValue = expect === 'value' || expect === 'value-or-end'
    const wantsKey = expect === 'key' || expect === 'key-or-end'
    if (isSpace(byte)) return
    switch (byte) {
      case byteOf.openArray:
      case byteOf.openObject:
        return wantsValue ? openContainer(byte === byteOf.openArray, at) : fail(at)
      case byteOf.closeArray:
        return expect === 'value-or-end' || expect === 'comma-or-end'
          ? closeContainer(true, at)
          : fail(at)
      case byteOf.closeObject:
        return expect === 'key-or-end' || expect === 'comma-or-end'
          ? closeContainer(false, at)
          : fail(at)
      case byteOf.comma:
        return expect === 'comma-or-end' ? comma() : fail(at)
      case byteOf.colon:
        if (expect !== 'colon') return fail(at)
        expect = 'value'
        return
      case byteOf.quote:
        return wantsKey || wantsValue ? startToken('string', wantsKey, at) : fail(at)
      default:
        return wantsValue ? startToken('word', false, at) : fail(at)
    }
  }

  function comma(): void {
    if (builder !== undefined) {
      expect = builder.isArray() ? 'value' : 'key'
      return
    }
    const index = path.at(-1)
    if (typeof index === 'number') path[path.length - 1] = index + 1
    expect = typeof index === 'number' ? 'value' : 'key'
  }

  /** Index of the byte after the string's closing quote, or the slice's length when it goes on. */
  function scanString(slice: Uint8Array, from: number): number {
    let i = from
    for (; i < slice.length; i++) {
      const byte = slice[i]
      if (isAfterBackslash) isAfterBackslash = false
      else if (byte === byteOf.backslash) isAfterBackslash = hasEscape = true
      else if (byte === byteOf.quote) {
        if (token === 'string') buffer.keep(slice, from, i)
        if (token === 'string') endString()
        else token = 'none'
        return i + 1
      }
    }
    if (token === 'string') buffer.keep(slice, from, i)
    return i
  }

  function scanWord(slice: Uint8Array, from: number): number {
    let i = from
    while (i < slice.length && !endsWord(slice[i] ?? 0)) i++
    buffer.keep(slice, from, i)
    if (i < slice.length) endWord()
    return i
  }

  function scanSkipped(slice: Uint8Array, from: number): number {
    for (let i = from; i < slice.length; i++) {
      const byte = slice[i]
      if (byte === byteOf.quote) {
        token = 'skipped-string'
        return i + 1
      }
      if (byte === byteOf.openObject || byte === byteOf.openArray) skipDepth++
      else if ((byte === byteOf.closeObject || byte === byteOf.closeArray) && --skipDepth === 0) {
        valueDone(undefined, false)
        return i + 1
      }
    }
    return slice.length
  }

  return {
    write(slice) {
      let i = 0
      while (i < slice.length && failedAtBytes === undefined) {
        if (token === 'string' || token === 'skipped-string') i = scanString(slice, i)
        else if (token === 'word') i = scanWord(slice, i)
        else if (skipDepth > 0) i = scanSkipped(slice, i)
        else {
          structure(slice[i] ?? 0, offsetBytes + i)
          i += isInWord() ? 0 : 1 // a word's first byte belongs to the word
        }
        builder?.advance(offsetBytes + i)
      }
      offsetBytes += slice.length
    },
    end() {
      if (failedAtBytes === undefined && token === 'word') endWord()
      if (failedAtBytes !== undefined) return err({ kind: 'syntax', offsetBytes: failedAtBytes })
      if (offsetBytes === 0) return err({ kind: 'empty' })
      return expect === 'nothing' ? ok(undefined) : err({ kind: 'truncated' })
    },
  }
}
