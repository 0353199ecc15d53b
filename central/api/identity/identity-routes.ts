import type { Context } from '#central/api/context.js'
import { Fault } from '#central/api/fault.js'
import { answers, type Routes } from '#central/api/routes.js'
import { changeProject, type LoginEnd, type LoginRoom, logIn } from '#central/identity/login.js'
import { createLoginLimit } from '#central/identity/login-limit.js'
import { openIdentity } from '#central/identity/open-identity.js'
import { catalogueAt } from './catalogue.js'
import { directoryRoutes } from './directory-routes.js'
import {
  type LoginBodyV2,
  type LoginBodyV3,
  type LoginRequest,
  loginRequestV2,
  loginRequestV3,
} from './login-request.js'
import { loginBodyV2, loginBodyV3 } from './login-schema.js'
import { missingRoutes } from './missing-routes.js'
import { placeFor } from './place.js'
import { tokenRoutes } from './token-routes.js'
import { tokenV2, tokenV3 } from './token-view.js'

const tags = ['identity']

/** Passwords that are tried at the same time; each takes 32 MiB and a processor for a quarter of a second. */
const loginsAtOnce = 4

/** Keystone: v3, and of v2.0 what issues tokens. */
export const identityRoutes: Routes = (app, context) => {
  const placeOf = placeFor(context)
  const takeLogin = loginOf(context)

  app.post<{ Body: LoginBodyV3 }>(
    '/identity/v3/auth/tokens',
    {
      config: { access: 'anyone' },
      schema: {
        tags,
        summary: 'Issue a token for a password or another token',
        body: loginBodyV3,
        ...answers(201, 'the token is in the header X-Subject-Token; 401; 429 after wrong tries'),
      },
    },
    async (request, reply) => {
      const login = loginRequestV3(request.body)
      const { token, authenticated } = await takeLogin(login, request.ip)
      const methods = login.method === 'token' ? ['token', 'password'] : ['password']
      reply.code(201).headers({ 'X-Subject-Token': token, Vary: 'X-Auth-Token' })
      return tokenV3(authenticated, { place: placeOf(request), methods })
    },
  )
  app.post<{ Body: LoginBodyV2 }>(
    '/identity/v2.0/tokens',
    {
      config: { access: 'anyone' },
      schema: {
        tags,
        summary: 'Issue a token in the form of v2.0',
        body: loginBodyV2,
        ...answers(200, 'the token'),
      },
    },
    async (request) => {
      const login = loginRequestV2(request.body)
      const { token, authenticated } = await takeLogin(login, request.ip)
      return tokenV2(authenticated, { place: placeOf(request), token })
    },
  )
  app.get(
    '/identity/v3/auth/catalog',
    { schema: { tags, summary: 'What is served, and where', ...answers(200, 'the catalogue') } },
    async (request) => {
      const place = placeOf(request)
      return {
        catalog: catalogueAt(place),
        links: { self: `${place.url}/identity/v3/auth/catalog` },
      }
    },
  )
  tokenRoutes(app, context)
  directoryRoutes(app, context)
  missingRoutes(app, context)
}

/** Takes logins, or says where they are taken. */
function loginOf(context: Context) {
  const { store, nowMs, config, log } = context
  const limit = createLoginLimit({
    windowMs: config.identity.login_window.ms,
    perAddress: config.identity.login_failures,
    perName: 10 * config.identity.login_failures,
    atOnce: loginsAtOnce,
  })
  const identity = openIdentity(context)
  const room: LoginRoom = { store, limit, nowMs, lifetimeMs: config.identity.token_lifetime.ms }

  async function end(login: LoginRequest, address: string): Promise<LoginEnd> {
    if (login.method === 'password') return await logIn(room, { ...login, address })
    const bearer = await identity.authenticate(login.token)
    if (bearer === undefined) return { kind: 'refused' }
    return await changeProject(room, { bearer, scope: login.scope })
  }

  return async (login: LoginRequest, address: string) => {
    const ended = await end(login, address)
    switch (ended.kind) {
      case 'issued':
        return ended
      case 'refused':
        log('info', 'login refused', { address, method: login.method })
        throw new Fault('unauthorized', 'The request you have made requires authentication.')
      case 'too-many':
        throw new Fault('tooManyRequests', 'too many logins failed; try later', {
          'Retry-After': String(ended.retrySeconds),
        })
    }
  }
}
