import { readFileSync } from 'node:fs'
import type { Context } from '#central/api/context.js'
import type { Identity } from './identity.js'
import { keystoneTokens } from './keystone.js'
import { isSecret } from './random-id.js'
import { storedTokens } from './tokens.js'

/** Says whose a token is: one that we issued, or one of the Keystone that is configured. */
export function openIdentity(context: Pick<Context, 'config' | 'store' | 'nowMs'>): Identity {
  const own = storedTokens(context)
  const { identity } = context.config
  if (identity.keystone_url === '') return own
  const keystone = keystoneTokens({
    url: identity.keystone_url,
    ca: identity.keystone_ca_file === '' ? undefined : readFileSync(identity.keystone_ca_file),
    timeoutMs: identity.keystone_timeout.ms,
    cacheMs: identity.keystone_cache.ms,
    adminRole: identity.keystone_admin_role,
    nowMs: context.nowMs,
  })
  return {
    async authenticate(token) {
      const ours = isSecret(token) ? await own.authenticate(token) : undefined
      return ours ?? (await keystone.authenticate(token))
    },
  }
}
