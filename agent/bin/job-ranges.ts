/** Numbers of jobs for people: `1-4999 5003`; of many ranges the first. */
export function describeRanges(ranges: readonly (readonly [number, number])[]): string {
  const shown = ranges.slice(0, maxShownRanges)
  const text = shown.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`))
  return [...text, ...(ranges.length > shown.length ? ['…'] : [])].join(' ')
}

const maxShownRanges = 8
