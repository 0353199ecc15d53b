import { readFileSync } from 'node:fs'
import type { Context } from '#central/api/context.js'
import { Fault } from '#central/api/fault.js'
import type { Identity } from './identity.js'
import { keystoneTokens } from './keystone.js'
import { isSecret } from './random-id.js'
import { storedTokens } from './tokens.js'

/**
 * Says whose a token is: one that we issued, or one of the Keystone that is configured; of ours it says so while that is away. A Keystone
 * that does not answer as it should is a Fault 503.
 */
export function openIdentity(
  context: Pick<Context, 'config' | 'store' | 'nowMs' | 'log'>,
): Identity {
  const own = storedTokens(context)
  const { identity } = context.config
  if (identity.keystone_url === '') return own
  const keystone = keystoneTokens({
    url: identity.keystone_url,
    ca: identity.keystone_ca_file === '' ? undefined : readFileSync(identity.keystone_ca_file),
    timeoutMs: identity.keystone_timeout.ms,
    cacheMs: identity.keystone_cache.ms,
    cacheCount: 10_000,
    adminRole: identity.keystone_admin_role,
    memberRoles: identity.keystone_member_roles,
    nowMs: context.nowMs,
  })
  return {
    async authenticate(token) {
      const ours = isSecret(token) ? await own.authenticate(token) : undefined
      if (ours !== undefined) return ours
      try {
        return await keystone.authenticate(token)
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        context.log('warning', 'keystone-does-not-answer', { why })
        throw new Fault('serviceUnavailable', 'tokens cannot be checked now; try again')
      }
    },
  }
}
