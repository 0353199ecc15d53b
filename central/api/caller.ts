import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Authenticated, Identity } from '#central/identity/identity.js'
import { ownUrl } from './area.js'
import type { Caller, Context } from './context.js'
import { Fault } from './fault.js'
import { publicUrl } from './public-url.js'

/**
 * Who may call a route:
 * - `anyone` no token is looked at
 * - `token` a valid one, of whatever project or none
 * - `project` a valid one of a project (the default)
 * - `admin` of a project in which the caller is admin
 */
export type Access = 'anyone' | 'token' | 'project' | 'admin'

declare module 'fastify' {
  interface FastifyRequest {
    authenticated: Authenticated | undefined
    caller: Caller | undefined
  }
  interface FastifyContextConfig {
    access?: Access
  }
}

/** Longest header that is looked at: tokens of an external Keystone are some hundred characters. */
const maxTokenLength = 2048

/** Lets nobody past whom a route is not for, before the body is read. */
export function checkCallers(
  app: FastifyInstance,
  { identity, config }: { readonly identity: Identity } & Pick<Context, 'config'>,
): void {
  app.decorateRequest('authenticated', undefined)
  app.decorateRequest('caller', undefined)
  app.addHook('onRequest', async (request) => {
    const access = request.routeOptions.config.access ?? 'project'
    if (request.is404 || access === 'anyone') return
    const authenticated = await authenticatedBy(request, identity)
    if (authenticated === undefined) {
      throw new Fault('unauthorized', 'The request you have made requires authentication.', {
        'WWW-Authenticate': `Keystone uri="${publicUrl(config, request)}/identity"`,
      })
    }
    request.authenticated = authenticated
    request.caller = callerOf(authenticated)
    if (access === 'token') return
    const caller = requireCaller(request)
    if (access === 'admin' && !caller.isAdmin) throw onlyAdmins()
    const { projectId } = ownUrl(request.originalUrl)
    if (projectId !== undefined && projectId !== caller.projectId) {
      throw new Fault('badRequest', "the project in the address is not your token's")
    }
  })
}

/** Who asks. @throws Fault 403 when the token is of no project */
export function requireCaller({ caller }: FastifyRequest): Caller {
  if (caller === undefined) throw new Fault('forbidden', 'this token is of no project')
  return caller
}

/** Who asks, when it is an admin. @throws Fault 403 otherwise */
export function requireAdmin(request: FastifyRequest): Caller {
  const caller = requireCaller(request)
  if (!caller.isAdmin) throw onlyAdmins()
  return caller
}

function onlyAdmins(): Fault {
  return new Fault('forbidden', 'Policy does not allow this request to be performed.')
}

async function authenticatedBy(
  { headers }: FastifyRequest,
  identity: Identity,
): Promise<Authenticated | undefined> {
  const token = headers['x-auth-token']
  const isPossible = typeof token === 'string' && token !== '' && token.length <= maxTokenLength
  return isPossible ? await identity.authenticate(token) : undefined
}

function callerOf({ user, project, roles }: Authenticated): Caller | undefined {
  if (project === undefined) return undefined
  return {
    userId: user.id,
    userName: user.name,
    projectId: project.id,
    projectName: project.name,
    isAdmin: roles.includes('admin'),
  }
}
