/** Widest line of a reference file. */
const width = 100

/** A key with its default, commented out, below what it means. */
export function referenceEntry(
  key: string,
  { doc, defaultText }: { readonly doc: string; readonly defaultText: string },
): string {
  return `${referenceComment(doc)};${`${key} = ${defaultText}`.trimEnd()}\n`
}

/** The words as lines of a comment. */
export function referenceComment(words: string): string {
  const lines = ['#']
  for (const one of words.split(' ')) {
    const last = lines.at(-1) ?? ''
    if (last.length + 1 + one.length <= width) lines[lines.length - 1] = `${last} ${one}`
    else lines.push(`# ${one}`)
  }
  return `${lines.join('\n')}\n`
}
