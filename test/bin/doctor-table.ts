import { readFileSync } from 'node:fs'
import type { Finding } from '#doctor/finding.js'

/** One row of the table in docs/troubleshooting.md: what was broken, what the doctor says of it, and the cure. */
export interface Row {
  readonly what: string
  readonly finding: RegExp
  readonly cure: RegExp
}

/** The rows under a heading of docs/troubleshooting.md. */
export function rowsUnder(heading: string): ReadonlyMap<string, Row> {
  const page = readFileSync('docs/troubleshooting.md', 'utf8')
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  const rows = [...section.matchAll(/^\| (.+?) \| `(.+?)` \| (.+?) \|$/gm)]
  return new Map(
    rows.map(([, what = '', finding = '', cure = '']) => [
      what,
      { what, finding: patternOf(finding), cure: patternOf(cure) },
    ]),
  )
}

/** A finding as the first lines of `okeanid doctor` have it. */
export function lineOf({ about, what }: Finding): string {
  return `${about}: ${what}`
}

/** What differs from host to host is `…`; nothing else may. */
function patternOf(text: string): RegExp {
  const parts = text.split('…').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`, 's')
}
