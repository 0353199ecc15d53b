import type { Row } from '#central/store/schema.js'
import type { Store } from '#central/store/store.js'
import type { Finding } from './finding.js'

/** Remembers what was found, so that it can be found again. */
export interface Looks {
  /** For each of these, whether the same was found before the grace period; else notes that it was found now. */
  areDue(now: {
    readonly backend: Row<'backends'>
    readonly looks: readonly Look[]
    readonly nowMs: number
    readonly graceMs: number
  }): Promise<readonly boolean[]>
  /** Forgets what is not found any more. */
  forgetOthers(now: {
    readonly backend: Row<'backends'>
    /** Of all that was found ({@link subjectOf}). */
    readonly subjects: ReadonlySet<string>
  }): Promise<void>
}

/** Something that was found. */
export interface Look {
  readonly finding: Pick<Finding, 'kind' | 'name' | 'detail'>
  /** What must not have changed since. */
  readonly proof: string
}

/** Most rows of one statement. */
const chunkRows = 500

/** Looks that are kept in the store: the next one may be another program's. */
export function createLooks({ read, write }: Pick<Store, 'read' | 'write'>): Looks {
  async function known(backendId: number, subjects: readonly string[]) {
    const rows = await read
      .selectFrom('looks')
      .selectAll()
      .where('backend_id', '=', backendId)
      .where('subject', 'in', subjects)
      .execute()
    return new Map(rows.map((row) => [row.subject, row]))
  }
  return {
    async areDue({ backend, looks, nowMs, graceMs }) {
      const due: boolean[] = []
      for (let from = 0; from < looks.length; from += chunkRows) {
        const some = looks.slice(from, from + chunkRows).map(({ finding, proof }) => ({
          subject: subjectOf(finding),
          evidence: `${proof} ${finding.detail}`,
        }))
        const before = await known(
          backend.id,
          some.map(({ subject }) => subject),
        )
        const isOld = ({ subject, evidence }: (typeof some)[number]) =>
          before.get(subject)?.proof === evidence
        const news = some
          .filter((one) => !isOld(one))
          .map(({ subject, evidence: proof }) => ({
            ...{ backend_id: backend.id, subject, proof, since_ms: nowMs },
          }))
        if (news.length > 0) await note(news)
        for (const one of some) {
          const sinceMs = isOld(one) ? before.get(one.subject)?.since_ms : undefined
          due.push(sinceMs !== undefined && nowMs - sinceMs >= graceMs)
        }
      }
      return due
    },
    async forgetOthers({ backend, subjects }) {
      const rows = await read
        .selectFrom('looks')
        .select('subject')
        .where('backend_id', '=', backend.id)
        .execute()
      const gone = rows.map(({ subject }) => subject).filter((subject) => !subjects.has(subject))
      for (let from = 0; from < gone.length; from += chunkRows) {
        await write((tx) =>
          tx
            .deleteFrom('looks')
            .where('backend_id', '=', backend.id)
            .where('subject', 'in', gone.slice(from, from + chunkRows))
            .execute(),
        )
      }
    },
  }

  async function note(rows: readonly Row<'looks'>[]): Promise<void> {
    await write((tx) =>
      tx
        .insertInto('looks')
        .values(rows)
        .onConflict((conflict) =>
          conflict.columns(['backend_id', 'subject']).doUpdateSet((of) => ({
            proof: of.ref('excluded.proof'),
            since_ms: of.ref('excluded.since_ms'),
          })),
        )
        .execute(),
    )
  }
}

/** What a finding is about: there is at most one of a kind for each name. */
export function subjectOf({ kind, name }: Pick<Finding, 'kind' | 'name'>): string {
  return `${kind} ${name}`
}
