import type { FastifyInstance } from 'fastify'
import { requireCaller } from '#central/api/caller.js'
import type { Context } from '#central/api/context.js'
import { Fault } from '#central/api/fault.js'
import { answers } from '#central/api/routes.js'
import { projectsOf } from '#central/identity/roles.js'
import { domain } from './token-view.js'

const tags = ['identity']

/** A project or user with what its view shows. */
interface Row {
  readonly id: string
  readonly name: string
  readonly is_enabled: number
}

/** Users, projects, roles and the one domain: to be read. They are made by `okeanid-central user` and `project`. */
export function directoryRoutes(app: FastifyInstance, { store, config }: Context): void {
  // without the host, which no client looks at here: paths are links too (RFC 3986 §4.2)
  const url = `${config.server.public_url}/identity/v3`
  const listLinks = (path: string) => ({ self: `${url}${path}`, next: null, previous: null })
  const linked = <T extends { readonly id: string }>(path: string, one: T) => ({
    ...one,
    links: { self: `${url}${path}/${one.id}` },
  })
  const projectView = (row: Row & { readonly description: string }) =>
    linked('/projects', {
      id: row.id,
      name: row.name,
      description: row.description,
      enabled: row.is_enabled === 1,
      domain_id: domain.id,
      parent_id: domain.id,
      is_domain: false,
      tags: [],
      options: {},
    })
  const userView = (row: Row & { readonly default_project_id: string | null }) =>
    linked('/users', {
      id: row.id,
      name: row.name,
      enabled: row.is_enabled === 1,
      domain_id: domain.id,
      default_project_id: row.default_project_id,
      password_expires_at: null,
      options: {},
    })
  const domainView = linked('/domains', { ...domain, enabled: true, description: '', options: {} })
  const roles = (['member', 'admin'] as const).map((name) =>
    linked('/roles', { id: name, name, domain_id: null, description: null, options: {} }),
  )
  const reading = (summary: string) => ({ tags, summary, ...answers(200, 'as Keystone v3') })

  for (const path of ['/auth/projects', '/users/:id/projects']) {
    app.get<{ Params: { id?: string } }>(
      `/identity/v3${path}`,
      { config: { access: 'token' }, schema: reading("A user's projects") },
      async ({ params, authenticated, caller }) => {
        const id = params.id ?? authenticated?.user.id ?? ''
        if (id !== authenticated?.user.id && !caller?.isAdmin) throw missing('user', id)
        const projects = await projectsOf(store.read, id)
        return {
          projects: projects.map((row) => projectView({ ...row, is_enabled: 1 })),
          links: listLinks(path.replace(':id', id)),
        }
      },
    )
  }
  app.get<{ Querystring: Readonly<Record<string, string>> }>(
    '/identity/v3/projects',
    { schema: reading('Projects: all for admins, else those of the caller') },
    async (request) => {
      const { isAdmin, userId } = requireCaller(request)
      const own = isAdmin ? undefined : await projectsOf(store.read, userId)
      let query = store.read.selectFrom('projects').selectAll().orderBy('name')
      if (own !== undefined) query = query.where('id', 'in', ['', ...own.map(({ id }) => id)])
      if (typeof request.query['name'] === 'string') {
        query = query.where('name', '=', request.query['name'])
      }
      const rows = await query.execute()
      return { projects: rows.map(projectView), links: listLinks('/projects') }
    },
  )
  app.get<{ Params: { id: string } }>(
    '/identity/v3/projects/:id',
    { schema: reading('A project') },
    async (request) => {
      const { id } = request.params
      const { isAdmin, projectId } = requireCaller(request)
      const row =
        isAdmin || id === projectId
          ? await store.read
              .selectFrom('projects')
              .selectAll()
              .where('id', '=', id)
              .executeTakeFirst()
          : undefined
      if (row === undefined) throw missing('project', id)
      return { project: projectView(row) }
    },
  )
  app.get<{ Querystring: Readonly<Record<string, string>> }>(
    '/identity/v3/users',
    { config: { access: 'admin' }, schema: reading('Users, for admins') },
    async ({ query: { name } }) => {
      const query = store.read.selectFrom('users').selectAll().orderBy('name')
      const rows = await (typeof name === 'string'
        ? query.where('name', '=', name)
        : query
      ).execute()
      return { users: rows.map(userView), links: listLinks('/users') }
    },
  )
  app.get<{ Params: { id: string } }>(
    '/identity/v3/users/:id',
    { schema: reading('A user: oneself, or anybody for admins') },
    async (request) => {
      const { id } = request.params
      const { isAdmin, userId } = requireCaller(request)
      const row =
        isAdmin || id === userId
          ? await store.read.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst()
          : undefined
      if (row === undefined) throw missing('user', id)
      return { user: userView(row) }
    },
  )
  app.get('/identity/v3/domains', { schema: reading('The one domain') }, async () => ({
    domains: [domainView],
    links: listLinks('/domains'),
  }))
  app.get<{ Params: { id: string } }>(
    '/identity/v3/domains/:id',
    { schema: reading('The one domain') },
    async ({ params: { id } }) => {
      if (id !== domain.id) throw missing('domain', id)
      return { domain: domainView }
    },
  )
  app.get<{ Querystring: { name?: string } }>(
    '/identity/v3/roles',
    { schema: reading('Roles') },
    async ({ query }) => ({
      roles: roles.filter(({ name }) => query.name === undefined || name === query.name),
      links: listLinks('/roles'),
    }),
  )
}

function missing(what: string, id: string): Fault {
  return new Fault('itemNotFound', `Could not find ${what}: ${id}.`)
}
