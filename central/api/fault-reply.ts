import type { FastifyReply, FastifyRequest } from 'fastify'
import { NetworkFault } from '#central/network/network-fault.js'
import type { Log } from '#service/log.js'
import { areaOf } from './area.js'
import { Fault, type FaultName, faultOfStatus } from './fault.js'

/** Keystone's titles: HTTP's own. */
const titles: Readonly<Record<FaultName, string>> = {
  badRequest: 'Bad Request',
  unauthorized: 'Unauthorized',
  forbidden: 'Forbidden',
  itemNotFound: 'Not Found',
  badMethod: 'Method Not Allowed',
  notAcceptable: 'Not Acceptable',
  conflictingRequest: 'Conflict',
  overLimit: 'Request Entity Too Large',
  badMediaType: 'Unsupported Media Type',
  tooManyRequests: 'Too Many Requests',
  computeFault: 'Internal Server Error',
  notImplemented: 'Not Implemented',
  serviceUnavailable: 'Service Unavailable',
}

/** Neutron's words; what has none is told as its title without spaces. */
const neutronTypes: Partial<Readonly<Record<FaultName, string>>> = {
  badRequest: 'InvalidInput',
  itemNotFound: 'NotFound',
  conflictingRequest: 'Conflict',
  overLimit: 'OverQuota',
}

/** Tells a client what was wrong, in the words of the service that it spoke to. */
export function sendFault(
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  fault: Fault,
): FastifyReply {
  return reply.code(fault.status).headers(fault.headers).send(bodyOf(request.url, fault))
}

/**
 * The fault that an error stands for: ours, one of a request that cannot be taken, or else a bug of ours, which is logged
 * with its stack and told as nothing but its request's id.
 */
export function faultOf(error: unknown, { request, log }: { request: FastifyRequest; log: Log }) {
  if (error instanceof Fault) return error
  const status = statusOf(error)
  if (status !== undefined && status < 500 && error instanceof Error) {
    return faultOfStatus(status, clientText(error))
  }
  log('error', 'request failed', {
    request: request.id,
    method: request.method,
    route: request.routeOptions.url,
    why: error instanceof Error ? (error.stack ?? error.message) : String(error),
  })
  return new Fault('computeFault', `unexpected error; tell your provider the id ${request.id}`)
}

function bodyOf(url: string, fault: Fault): unknown {
  switch (areaOf(url)) {
    case 'identity': {
      const title = titles[fault.fault]
      return { error: { code: fault.status, message: fault.message, title } }
    }
    case 'network': {
      const plain = neutronTypes[fault.fault] ?? titles[fault.fault].replaceAll(' ', '')
      const type = fault instanceof NetworkFault ? fault.neutronType : plain
      return { NeutronError: { type, message: fault.message, detail: '' } }
    }
    case 'compute':
    case 'image':
    case 'other':
      return fault.body()
  }
}

/** Fastify's errors carry the status that they mean. */
function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined
  return typeof error.statusCode === 'number' && error.statusCode >= 400
    ? error.statusCode
    : undefined
}

/** What of an error a client may read: what the parser of JSON says quotes the body. */
function clientText(error: Error): string {
  return error instanceof SyntaxError ? 'the body is not valid JSON' : error.message
}
