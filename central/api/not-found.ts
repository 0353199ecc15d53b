import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Fault } from './fault.js'

/** A pattern of routes and what it answers to. */
interface Known {
  readonly pattern: RegExp
  readonly methods: Set<string>
}

/** Tells what is not there from what is only not done so: 405 with `Allow`. Call it before the routes are made. */
export function refuseUnknown(app: FastifyInstance): void {
  const known = new Map<string, Known>()
  app.addHook('onRoute', ({ url, method }) => {
    const entry = known.get(url) ?? { pattern: patternOf(url), methods: new Set() }
    known.set(url, entry)
    for (const one of [method].flat()) entry.methods.add(one)
  })
  app.setNotFoundHandler((request) => {
    const methods = methodsAt(request, known.values())
    if (methods.length === 0) throw new Fault('itemNotFound', 'The resource could not be found.')
    throw new Fault('badMethod', `${request.method} is not done here`, {
      Allow: methods.join(', '),
    })
  })
}

function methodsAt({ url }: FastifyRequest, known: Iterable<Known>): readonly string[] {
  const path = url.split('?', 1)[0] ?? ''
  const found = [...known].filter(({ pattern }) => pattern.test(path))
  return [...new Set(found.flatMap(({ methods }) => [...methods]))].sort()
}

function patternOf(url: string): RegExp {
  const parts = url
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
  return new RegExp(`^${parts.join('/')}/?$`)
}
