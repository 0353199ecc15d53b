import type { JsonValue } from './json-value.js'

/** Puts together one container that is being taken, with everything inside. */
export interface ValueBuilder {
  /** Whether the innermost open container is an array. */
  isArray(): boolean
  open(isArray: boolean): void
  /** The key of the next value of the innermost object. */
  key(name: string): void
  /** Adds a scalar; undefined stands for one that was too large and spoils the whole value. */
  add(value: JsonValue | undefined): void
  /** Tells how far the document was read, for the cap. */
  advance(offsetBytes: number): void
  /** Closes the innermost container; when it was the outermost, hands over the value (undefined: over the cap). */
  close(): { readonly value: JsonValue | undefined } | undefined
}

/** Containers nested deeper than this are not built: nothing that Ganeti writes comes near. */
const maxDepth = 64

interface Container {
  readonly isArray: boolean
  readonly items: JsonValue[]
  readonly members: { [key: string]: JsonValue }
  key: string
}

/** Begins a value at `startBytes`; it is given up, quietly, when it grows past `maxValueBytes`. */
export function createValueBuilder(maxValueBytes: number, startBytes: number): ValueBuilder {
  const stack: Container[] = []
  /** After giving up only the kinds of the open containers are followed. */
  const kinds: boolean[] = []
  let isGivenUp = false

  function put(value: JsonValue): void {
    const parent = stack.at(-1)
    if (parent === undefined) return
    if (parent.isArray) parent.items.push(value)
    else if (parent.key === '__proto__') define(parent.members, value)
    else parent.members[parent.key] = value
  }

  function giveUp(): void {
    isGivenUp = true
    stack.length = 0
  }

  return {
    isArray: () => kinds.at(-1) ?? false,
    open(isArray) {
      kinds.push(isArray)
      if (isGivenUp) return
      stack.push({ isArray, items: [], members: {}, key: '' })
      if (stack.length > maxDepth) giveUp()
    },
    key(name) {
      const top = stack.at(-1)
      if (top !== undefined) top.key = name
    },
    add(value) {
      if (value === undefined) giveUp()
      else put(value)
    },
    advance(offsetBytes) {
      if (!isGivenUp && offsetBytes - startBytes > maxValueBytes) giveUp()
    },
    close() {
      kinds.pop()
      const closed = stack.pop()
      if (closed === undefined) return kinds.length === 0 ? { value: undefined } : undefined
      const value = closed.isArray ? closed.items : closed.members
      if (kinds.length === 0) return { value }
      put(value)
      return undefined
    },
  }
}

/** Sets a member called `__proto__` as JSON.parse would: as data. */
function define(members: object, value: JsonValue): void {
  Object.defineProperty(members, '__proto__', {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  })
}
