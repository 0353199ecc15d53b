import type { Context } from '#central/api/context.js'

/** What taking messages needs. */
export type UpdateDeps = Pick<Context, 'store' | 'names' | 'sealer' | 'config' | 'nowMs'>
