/** Something that a stream of JSON objects held. */
export type StreamItem =
  | { readonly kind: 'object'; readonly value: unknown }
  /** What is no JSON object, and was passed over; `text` is how it begins. */
  | { readonly kind: 'bad'; readonly why: string; readonly text: string }

/** Reads JSON objects that follow one another, with any white space between, from pieces of any size. */
export interface ObjectStream {
  write(text: string): readonly StreamItem[]
  /** The stream is over: what is not whole is bad. */
  end(): readonly StreamItem[]
}

/** A longer object is none. */
const maxObjectLength = 262_144

/**
 * Opens a stream. Strict: each object is JSON. What is not is told once and passed over up to where an object may begin again, which is the
 * next `{`, and after a damaged object the next line that begins with one; so no good object is lost behind a bad one, unless they share a
 * line. Never holds more than one object of the largest size and a piece.
 */
export function createObjectStream(): ObjectStream {
  let text = ''
  /** How far `text` was looked at, and how it stood there. */
  let at = 0
  let depth = 0
  let isInString = false
  let isAfterBackslash = false
  /** What is no object, however long, is told once. */
  let isPassingOver = false

  function restart(from: number): void {
    text = text.slice(from)
    at = 0
    depth = 0
    isInString = isAfterBackslash = false
  }

  /** Passes over a damaged object. */
  function resync(why: string, end: number): StreamItem {
    const item: StreamItem = { kind: 'bad', why, text: text.slice(0, 80) }
    const next = /\n\s*\{/.exec(text.slice(1, end))
    restart(next === null ? end : 1 + next.index)
    return item
  }

  /** Passes over what stands before the next object; undefined when that is nothing but white space. */
  function skipToObject(): StreamItem | undefined {
    const start = text.indexOf('{')
    const before = (start < 0 ? text : text.slice(0, start)).trim()
    restart(start < 0 ? text.length : start)
    const isNews = before !== '' && !isPassingOver
    isPassingOver = start < 0 && (isPassingOver || before !== '')
    return isNews ? { kind: 'bad', why: 'is no JSON object', text: before.slice(0, 80) } : undefined
  }

  /** Index behind the object that begins at 0; undefined when it goes on. */
  function endOfObject(): number | undefined {
    for (; at < text.length; at++) {
      const char = text[at]
      if (isAfterBackslash) isAfterBackslash = false
      else if (isInString) {
        if (char === '\\') isAfterBackslash = true
        else if (char === '"') isInString = false
      } else if (char === '"') isInString = true
      else if (char === '{') depth++
      else if (char === '}' && --depth === 0) return at + 1
    }
    return undefined
  }

  function next(): StreamItem | undefined {
    const skipped = at === 0 ? skipToObject() : undefined
    if (skipped !== undefined || text === '') return skipped
    const end = endOfObject()
    if (end === undefined)
      return text.length > maxObjectLength
        ? resync(`is longer than ${maxObjectLength} characters`, text.length)
        : undefined
    try {
      const value: unknown = JSON.parse(text.slice(0, end))
      restart(end)
      return { kind: 'object', value }
    } catch {
      return resync('is not JSON', end)
    }
  }

  function* items(): Generator<StreamItem> {
    for (let item = next(); item !== undefined; item = next()) yield item
  }

  return {
    write(piece) {
      text += piece
      return [...items()]
    },
    end() {
      const found = [...items()]
      while (text !== '') found.push(resync('is cut off', text.length), ...items())
      return found
    },
  }
}
