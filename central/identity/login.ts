import type { Store } from '#central/store/store.js'
import type { Authenticated, Named } from './identity.js'
import type { LoginLimit } from './login-limit.js'
import { isPassword, maxPasswordLength } from './passwords.js'
import { projectsOf, rolesOf } from './roles.js'
import { issueToken } from './tokens.js'

/** Which project a token shall be of. */
export type Scope =
  | { readonly kind: 'default' }
  | { readonly kind: 'none' }
  | { readonly kind: 'id'; readonly id: string }
  | { readonly kind: 'name'; readonly name: string }

/** Who a user says to be. */
export type UserReference =
  | { readonly kind: 'id'; readonly id: string }
  | { readonly kind: 'name'; readonly name: string }

/** What became of a login. */
export type LoginEnd =
  | { readonly kind: 'issued'; readonly token: string; readonly authenticated: Authenticated }
  /** Wrong name, password or project: which one is nobody's business. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'too-many'; readonly retrySeconds: number }

/** What logins need. */
export interface LoginRoom {
  readonly store: Store
  readonly limit: LoginLimit
  readonly nowMs: () => number
  readonly lifetimeMs: number
}

/** Issues a token for a password. */
export async function logIn(
  room: LoginRoom,
  {
    user,
    password,
    scope,
    address,
  }: {
    readonly user: UserReference
    readonly password: string
    readonly scope: Scope
    readonly address: string
  },
): Promise<LoginEnd> {
  const { store, limit, nowMs } = room
  const name = `${user.kind} ${user.kind === 'id' ? user.id : user.name}`
  const end = limit.begin({ name, address, nowMs: nowMs() })
  if (typeof end === 'number') return { kind: 'too-many', retrySeconds: end }
  let isGood = false
  try {
    const row = await findUser(store, user)
    const looked = password.length <= maxPasswordLength ? password : ''
    isGood = (await isPassword(looked, row?.password_hash)) && row?.is_enabled === 1
    if (row === undefined || !isGood) return { kind: 'refused' }
    const expiresMs = nowMs() + room.lifetimeMs
    return await issue(room, { user: row, defaultId: row.default_project_id, scope, expiresMs })
  } finally {
    end({ isGood })
  }
}

/** Issues a token of another project to the bearer of one; it ends when that one does. */
export async function changeProject(
  room: LoginRoom,
  { bearer, scope }: { readonly bearer: Authenticated; readonly scope: Scope },
): Promise<LoginEnd> {
  const { user, expiresMs } = bearer
  return await issue(room, { user, defaultId: bearer.project?.id ?? null, scope, expiresMs })
}

async function issue(
  { store, nowMs }: LoginRoom,
  {
    user,
    defaultId,
    scope,
    expiresMs,
  }: {
    readonly user: Named
    readonly defaultId: string | null
    readonly scope: Scope
    readonly expiresMs: number
  },
): Promise<LoginEnd> {
  const projects = scope.kind === 'none' ? [] : await projectsOf(store.read, user.id)
  const project = projects.find((one) => isWanted(one, scope, defaultId))
  const isNamed = scope.kind === 'id' || scope.kind === 'name'
  if (isNamed && project === undefined) return { kind: 'refused' }
  const userId = user.id
  const projectId = project?.id
  const issuedMs = nowMs()
  const { token, auditId } = await store.write((tx) =>
    issueToken(tx, { userId, projectId, nowMs: issuedMs, expiresMs }),
  )
  const roles = projectId === undefined ? [] : await rolesOf(store.read, { userId, projectId })
  const authenticated = {
    user: { id: user.id, name: user.name },
    project: project && { id: project.id, name: project.name },
    roles,
    issuedMs,
    expiresMs,
    auditId,
  }
  return { kind: 'issued', token, authenticated }
}

function isWanted({ id, name }: Named, scope: Scope, defaultId: string | null): boolean {
  switch (scope.kind) {
    case 'default':
      return id === defaultId
    case 'id':
      return id === scope.id
    case 'name':
      return name === scope.name
    case 'none':
      return false
  }
}

function findUser(store: Store, user: UserReference) {
  const query = store.read
    .selectFrom('users')
    .select(['id', 'name', 'password_hash', 'default_project_id', 'is_enabled'])
  return (
    user.kind === 'id' ? query.where('id', '=', user.id) : query.where('name', '=', user.name)
  ).executeTakeFirst()
}
