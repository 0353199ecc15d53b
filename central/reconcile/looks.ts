import type { Row } from '#central/store/schema.js'
import type { Store } from '#central/store/store.js'
import type { Finding } from './finding.js'

/** Remembers what was found, so that it can be found again. */
export interface Looks {
  /** Whether the same was found before the grace period; else notes that it was found now. */
  isDue(look: Look): Promise<boolean>
  /** Forgets what is not found any more. */
  forgetOthers(now: {
    readonly backend: Row<'backends'>
    readonly findings: readonly Finding[]
  }): Promise<void>
}

/** Something that was found. */
export interface Look {
  readonly backend: Row<'backends'>
  readonly finding: Finding
  /** What must not have changed since. */
  readonly proof: string
  readonly nowMs: number
  readonly graceMs: number
}

/** Looks that are kept in the store: the next one may be another program's. */
export function createLooks({ read, write }: Pick<Store, 'read' | 'write'>): Looks {
  return {
    async isDue({ backend, finding, proof, nowMs, graceMs }) {
      const subject = subjectOf(finding)
      const known = await read
        .selectFrom('looks')
        .selectAll()
        .where('backend_id', '=', backend.id)
        .where('subject', '=', subject)
        .executeTakeFirst()
      const evidence = `${proof} ${finding.detail}`
      if (known?.proof === evidence) return nowMs - known.since_ms >= graceMs
      const values = { proof: evidence, since_ms: nowMs }
      await write((tx) =>
        tx
          .insertInto('looks')
          .values({ backend_id: backend.id, subject, ...values })
          .onConflict((conflict) => conflict.columns(['backend_id', 'subject']).doUpdateSet(values))
          .execute(),
      )
      return false
    },
    async forgetOthers({ backend, findings }) {
      const found = new Set(findings.map(subjectOf))
      const rows = await read
        .selectFrom('looks')
        .select('subject')
        .where('backend_id', '=', backend.id)
        .execute()
      const gone = rows.map(({ subject }) => subject).filter((subject) => !found.has(subject))
      if (gone.length === 0) return
      await write((tx) =>
        tx
          .deleteFrom('looks')
          .where('backend_id', '=', backend.id)
          .where('subject', 'in', gone.slice(0, 1000))
          .execute(),
      )
    },
  }
}

function subjectOf({ kind, name }: Finding): string {
  return `${kind} ${name}`
}
