import { referenceComment, referenceEntry } from '#service/reference-text.js'
import { centralSchema } from './central-schema.js'

const opening = `# Okeanid’s central API: /etc/okeanid/central.ini
#
# Every key with its default. Files /etc/okeanid/central.d/*.ini are read after this one, in name order. A section or key
# that does not exist is an error: okeanid-central config check says which. okeanid-central config show prints what holds.
# Lengths of time have a unit (500ms, 10s, 5m, 1h, 7d), sizes may have one (64K, 8M, 1G).
`

/** What stands before the first key of a section. */
const about: Readonly<Record<string, string>> = {
  ganeti: 'Clusters themselves are in the store: okeanid-central cluster add.',
  network:
    'Pools are made from this on the first start; later changes make them longer, never shorter.',
}

/** The text of `etc/central.ini`: every key with its default and what it means. */
export function centralReferenceFile(): string {
  const blocks = [opening]
  for (const [section, fields] of Object.entries(centralSchema)) {
    const words = about[section]
    blocks.push(`[${section}]\n${words === undefined ? '' : `\n${referenceComment(words)}`}`)
    for (const [key, field] of Object.entries(fields)) blocks.push(referenceEntry(key, field))
  }
  return blocks.join('\n')
}
