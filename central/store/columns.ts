import type { ColumnDefinitionBuilder, CreateTableBuilder } from 'kysely'

/** The engines that a store may be on. */
export type Engine = 'sqlite' | 'postgres'

/** Adds a column to a table that is being made. */
type Columns = CreateTableBuilder<string, never>

/** A number that the engine counts up; in SQLite one that is never given again. */
export function addSerial(table: Columns, engine: Engine): Columns {
  const isSqlite = engine === 'sqlite'
  return table.addColumn('id', isSqlite ? 'integer' : 'bigserial', (column) =>
    isSqlite ? column.primaryKey().autoIncrement() : column.primaryKey(),
  ) as Columns
}

/** What the short words of a table's definition stand for. */
const kinds = {
  text: ['text', (column: ColumnDefinitionBuilder) => column.notNull()],
  'text?': ['text', (column: ColumnDefinitionBuilder) => column],
  stamp: ['text', (column: ColumnDefinitionBuilder) => column.notNull().defaultTo('')],
  number: ['bigint', (column: ColumnDefinitionBuilder) => column.notNull()],
  'number?': ['bigint', (column: ColumnDefinitionBuilder) => column],
  zero: ['bigint', (column: ColumnDefinitionBuilder) => column.notNull().defaultTo(0)],
  flag: ['smallint', (column: ColumnDefinitionBuilder) => column.notNull().defaultTo(0)],
} as const

/** Name -> kind of each column. `?` may be null, `zero` and `flag` are 0 by default, `stamp` is empty. */
export type ColumnKinds = Readonly<Record<string, keyof typeof kinds>>

/** Adds one column after the other. */
export function addColumns(table: Columns, columns: ColumnKinds): Columns {
  let made = table
  for (const [name, kind] of Object.entries(columns)) {
    const [type, more] = kinds[kind]
    made = made.addColumn(name, type, more) as Columns
  }
  return made
}
