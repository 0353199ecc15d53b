import { bases } from '#central/api/area.js'
import { type Missing, refuseMissing } from '#central/api/missing.js'
import type { Routes } from '#central/api/routes.js'

/** What clients of Keystone ask for and is not here: who may come in is for the command line. */
const missing: readonly Missing[] = [
  {
    paths: ['projects'],
    methods: ['POST'],
    access: 'admin',
    what: 'projects made by clients',
    instead: 'okeanid-central project add makes them.',
  },
  {
    paths: ['projects/:id'],
    methods: ['PATCH', 'DELETE'],
    access: 'admin',
    what: 'projects changed by clients',
    instead: 'okeanid-central project does that.',
  },
  {
    paths: ['users'],
    methods: ['POST'],
    access: 'admin',
    what: 'users made by clients',
    instead: 'okeanid-central user add makes them.',
  },
  {
    paths: ['users/:id', 'users/:id/password'],
    methods: ['PATCH', 'POST', 'DELETE'],
    what: 'users changed by clients',
    instead: 'okeanid-central user does that.',
  },
  {
    paths: ['projects/:id/users/:user/roles/:role'],
    methods: ['PUT', 'DELETE'],
    access: 'admin',
    what: 'roles given by clients',
    instead: 'okeanid-central user grant gives them.',
  },
  {
    paths: ['role_assignments'],
    access: 'admin',
    what: 'lists of who has which role',
    instead: 'okeanid-central user list tells them.',
  },
  {
    paths: ['groups', 'credentials', 'regions', 'services', 'endpoints'],
    access: 'admin',
    what: 'groups, credentials, regions and registered services',
    instead: 'There are projects, users and the two roles; GET /auth/catalog tells what is served.',
  },
  {
    paths: ['users/:id/application_credentials'],
    methods: ['GET', 'POST'],
    what: 'application credentials',
    instead: 'okeanid-central token issue makes a token.',
  },
]

/** Says of these that they are not here. */
export const missingRoutes: Routes = (app) =>
  refuseMissing(app, { tag: 'identity', base: bases.identity, missing })
