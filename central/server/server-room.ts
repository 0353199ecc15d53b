import type { Selectable } from 'kysely'
import type { Context } from '#central/api/context.js'
import type { ServerTable } from '#central/store/tables/server.js'

/** What changes of servers need to know, beside their transaction. */
export type ServerRoom = Pick<Context, 'store' | 'names' | 'sealer' | 'config' | 'nowMs'>

/** A row of `servers`. */
export type ServerRow = Selectable<ServerTable>
