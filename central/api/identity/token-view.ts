import type { Authenticated } from '#central/identity/identity.js'
import { catalogueAt, catalogueV2At, type Place } from './catalogue.js'

/** Keystone's one domain. */
export const domain = { id: 'default', name: 'Default' } as const

/** A time as OpenStack writes it: `2026-11-30T19:20:21.000000Z`. */
export function keystoneTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z')
}

/** Body of a token in v3. */
export function tokenV3(
  { user, project, roles, issuedMs, expiresMs, auditId }: Authenticated,
  { place, methods }: { readonly place: Place; readonly methods: readonly string[] },
): unknown {
  const scope =
    project === undefined
      ? {}
      : {
          project: { ...project, domain },
          is_domain: false,
          roles: roles.map((name) => ({ id: name, name })),
          catalog: catalogueAt(place),
        }
  return {
    token: {
      methods,
      user: { ...user, domain, password_expires_at: null },
      audit_ids: [auditId],
      issued_at: keystoneTime(issuedMs),
      expires_at: keystoneTime(expiresMs),
      ...scope,
    },
  }
}

/** Body of a token in v2.0. */
export function tokenV2(
  { user, project, roles, issuedMs, expiresMs, auditId }: Authenticated,
  { place, token }: { readonly place: Place; readonly token: string },
): unknown {
  const tenant =
    project === undefined ? {} : { tenant: { ...project, description: '', enabled: true } }
  return {
    access: {
      token: {
        id: token,
        issued_at: keystoneTime(issuedMs),
        expires: new Date(expiresMs).toISOString(),
        audit_ids: [auditId],
        ...tenant,
      },
      user: {
        ...user,
        username: user.name,
        roles: roles.map((name) => ({ name })),
        roles_links: [],
      },
      serviceCatalog: project === undefined ? [] : catalogueV2At(place),
      metadata: { is_admin: roles.includes('admin') ? 1 : 0, roles },
    },
  }
}
