import { Fault } from '#central/api/fault.js'
import type { Scope, UserReference } from '#central/identity/login.js'
import { domain } from './token-view.js'

/** A request for a token, whatever the version. */
export type LoginRequest =
  | {
      readonly method: 'password'
      readonly user: UserReference
      readonly password: string
      readonly scope: Scope
    }
  | { readonly method: 'token'; readonly token: string; readonly scope: Scope }

/** Names an object, or who or what is in a domain. */
interface Reference {
  readonly id?: string
  readonly name?: string
  readonly domain?: { readonly id?: string; readonly name?: string }
}

/** A body of v3, as far as its schema says. */
export interface LoginBodyV3 {
  readonly auth: {
    readonly identity: {
      readonly methods: readonly string[]
      readonly password?: { readonly user: Reference & { readonly password: string } }
      readonly token?: { readonly id: string }
    }
    readonly scope?:
      | 'unscoped'
      | { readonly project?: Reference; readonly [other: string]: unknown }
  }
}

/** A body of v2.0. */
export interface LoginBodyV2 {
  readonly auth: {
    readonly passwordCredentials?: { readonly username: string; readonly password: string }
    readonly token?: { readonly id: string }
    readonly tenantId?: string
    readonly tenantName?: string
  }
}

/** Reads a body of v3. @throws Fault 401 for a method or a scope that we do not have, as Keystone */
export function loginRequestV3({ auth }: LoginBodyV3): LoginRequest {
  const { methods, password, token } = auth.identity
  const scope = scopeOf(auth.scope)
  const [method] = methods
  if (methods.length === 1 && method === 'password' && password !== undefined) {
    const { user } = password
    return { method, user: referenceOf(user), password: user.password, scope }
  }
  if (methods.length === 1 && method === 'token' && token !== undefined) {
    return { method, token: token.id, scope }
  }
  throw new Fault('unauthorized', 'Attempted to authenticate with an unsupported method.')
}

/** Reads a body of v2.0. */
export function loginRequestV2({ auth }: LoginBodyV2): LoginRequest {
  const { passwordCredentials: credentials, token, tenantId, tenantName } = auth
  const scope: Scope =
    tenantId !== undefined
      ? { kind: 'id', id: tenantId }
      : tenantName !== undefined
        ? { kind: 'name', name: tenantName }
        : { kind: 'default' }
  if (credentials !== undefined) {
    const user = { kind: 'name', name: credentials.username } as const
    return { method: 'password', user, password: credentials.password, scope }
  }
  if (token !== undefined) return { method: 'token', token: token.id, scope }
  throw new Fault('badRequest', 'auth needs passwordCredentials or token')
}

function scopeOf(scope: LoginBodyV3['auth']['scope']): Scope {
  if (scope === undefined) return { kind: 'default' }
  if (scope === 'unscoped' || 'unscoped' in scope) return { kind: 'none' }
  if (scope.project === undefined) {
    throw new Fault('unauthorized', 'tokens are of a project here, not of a domain or the system')
  }
  return referenceOf(scope.project)
}

/** @throws Fault 400 when it names nothing; a domain that is not ours has nobody in it */
function referenceOf(reference: Reference): UserReference {
  const { id, name, domain: of } = reference
  if (id !== undefined) return { kind: 'id', id }
  if (name === undefined) throw new Fault('badRequest', 'a user or project needs an id or a name')
  const isOurs =
    of === undefined ||
    of.id === domain.id ||
    (of.id === undefined && of.name?.toLowerCase() === domain.name.toLowerCase())
  if (!isOurs) {
    throw new Fault('unauthorized', 'The request you have made requires authentication.')
  }
  return { kind: 'name', name }
}
