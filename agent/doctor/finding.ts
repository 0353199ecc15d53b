/** One thing that the doctor has to say. */
export interface Finding {
  /** `broken`: guests or events suffer; `note`: worth knowing, nothing suffers. */
  readonly level: 'broken' | 'note'
  /** What was looked at, one word: `node`, `addon`, `kernel`, `queue`, `rules`, `bridge`, `bindings`, `hooks`, `role`, `broker`, `outbox`, `config`, `disk`, `spool`, `network`, `ganeti`, `unit`, `clock` … */
  readonly about: string
  /** What was found, a sentence without its full stop. */
  readonly what: string
  /** What to do. */
  readonly cure: string
}

/** Something that hurts. */
export function broken(about: string, what: string, cure: string): Finding {
  return { level: 'broken', about, what, cure }
}

/** Something to know. */
export function note(about: string, what: string, cure: string): Finding {
  return { level: 'note', about, what, cure }
}
