import { bases } from './area.js'
import { microversions } from './microversion.js'
import { publicUrl } from './public-url.js'
import { answers, type Routes } from './routes.js'

/** One version of a service, as OpenStack's discovery documents tell it. */
interface Version {
  readonly id: string
  readonly status: string
  readonly updated: string
  readonly links: readonly { readonly rel: string; readonly href: string }[]
  readonly version?: string
  readonly min_version?: string
}

/** Documents by which clients find out what is served: of all, of each service, of each version. */
export const versionRoutes: Routes = (app, { config }) => {
  const serve = (path: string, document: (url: string, asked: string) => unknown) => {
    const schema = {
      tags: ['versions'],
      summary: 'What is served here, and in which versions',
      ...answers(200, 'a discovery document'),
    }
    app.get(path, { schema, config: { access: 'anyone' } }, async (request) =>
      document(publicUrl(config, request), request.originalUrl),
    )
  }
  serve('/', (url) => ({ versions: [identity(url), compute(url), legacy(url), network(url)] }))
  serve('/compute', (url) => ({ versions: [compute(url), legacy(url)] }))
  serve(bases.compute, (url, asked) => ({
    version: /^(\/compute)?\/v2\.1/.test(asked) ? compute(url) : legacy(url),
  }))
  serve('/identity', (url) => ({ versions: { values: [identity(url)] } }))
  serve(bases.identity, (url) => ({ version: identity(url) }))
  serve('/network', (url) => ({ versions: [network(url)] }))
  serve('/image', (url) => ({ versions: [image(url)] }))
}

function version(id: string, href: string): Version {
  const links = [{ rel: 'self', href: `${href}/` }]
  return { id, status: 'CURRENT', updated: '2026-11-30T00:00:00Z', links }
}

function compute(url: string): Version {
  return {
    ...version('v2.1', url + bases.compute),
    version: microversions.max,
    min_version: microversions.min,
  }
}

function legacy(url: string): Version {
  return { ...version('v2.0', `${url}/v2`), status: 'SUPPORTED', version: '', min_version: '' }
}

function identity(url: string): Version {
  return { ...version('v3.14', url + bases.identity), status: 'stable' }
}

function network(url: string): Version {
  return version('v2.0', url + bases.network)
}

function image(url: string): Version {
  return version('v2.0', url + bases.image)
}
