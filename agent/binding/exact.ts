/**
 * The same list without room to grow: V8 keeps space for sixteen more entries in an array that was built one by one, and ten
 * thousand NICs have several.
 */
export function exact<T>(list: readonly T[]): readonly T[] {
  return list.slice()
}
