import { sql } from 'kysely'
import type { Database } from './schema.js'
import type { Change, Store } from './store.js'

/** Columns that are set, and whether they hold texts or numbers. */
export type SetColumns = Readonly<Record<string, 'text' | 'number'>>

/**
 * Sets columns of many rows by their `id`, in one statement whatever their number: the values go as one JSON text, so nothing
 * grows with the rows but that.
 */
export async function updateRows<T extends keyof Database & string>(
  tx: Change,
  { engine }: Pick<Store, 'engine'>,
  {
    table,
    columns,
    rows,
  }: {
    readonly table: T
    readonly columns: SetColumns
    readonly rows: readonly ({ readonly id: number } & Readonly<
      Record<string, string | number | null>
    >)[]
  },
): Promise<void> {
  if (rows.length === 0) return
  const names = Object.keys(columns)
  const given = JSON.stringify(
    rows.map((row) => [row.id, ...names.map((name) => row[name] ?? null)]),
  )
  const set = sql.join(names.map((name) => sql`${sql.id(name)} = ${sql.id('changed', name)}`))
  const fields = [['id', 'number'] as const, ...Object.entries(columns)]
  const values =
    engine === 'postgres'
      ? sql.join(
          fields.map(
            ([name, kind], index) =>
              sql`(value ->> ${sql.lit(index)})::${sql.raw(kind === 'number' ? 'bigint' : 'text')} as ${sql.id(name)}`,
          ),
        )
      : sql.join(
          fields.map(
            ([name], index) => sql`value ->> ${sql.lit(`$[${index}]`)} as ${sql.id(name)}`,
          ),
        )
  const from =
    engine === 'postgres' ? sql`json_array_elements(${given}::json)` : sql`json_each(${given})`
  await sql`update ${sql.table(table)} set ${set} from (select ${values} from ${from}) as changed where ${sql.id(table, 'id')} = changed.id`.execute(
    tx,
  )
}
