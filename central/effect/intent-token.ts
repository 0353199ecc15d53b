import { type IntentKind, parseIntentKind } from '#central/intent/kind.js'
import type { RapiRequest } from '#central/intent/rapi-request.js'
import { invariant } from '#result.js'
import type { IntentRow } from './end-intent.js'

/**
 * The reason under which Ganeti keeps what an intent asked (`gnt:user` in the job's reason trail). It tells apart also what has the
 * same number in a store that was restored from a backup.
 */
export function tokenOf({ id, created_ms }: Pick<IntentRow, 'id' | 'created_ms'>): string {
  return `okeanid:intent:${id}:${created_ms.toString(36)}`
}

/** The kind of an intent. */
export function kindOf({ kind }: Pick<IntentRow, 'kind'>): IntentKind {
  const known = parseIntentKind(kind)
  invariant(known !== undefined, `an intent is of a kind, not ${kind}`)
  return known
}

/** Reinstalling is a request that takes neither a reason nor dependencies. */
export function takesReason(kind: IntentKind): boolean {
  return kind !== 'rebuild'
}

/** Ganeti's name of what a request is about. */
export function targetOf({ path, body }: RapiRequest): string {
  const name = path.split('/')[3]
  if (name !== undefined) return decodeURIComponent(name)
  const given = body?.['name'] ?? body?.['network_name']
  return typeof given === 'string' ? given : ''
}
