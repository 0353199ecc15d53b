import { bases } from '#central/api/area.js'

/** A service of Keystone's catalogue. */
export interface CatalogueEntry {
  readonly id: string
  readonly type: string
  readonly name: string
  readonly endpoints: readonly {
    readonly id: string
    readonly interface: 'public' | 'internal' | 'admin'
    readonly region: string
    readonly region_id: string
    readonly url: string
  }[]
}

const services = [
  { type: 'identity', name: 'keystone', path: bases.identity },
  { type: 'compute', name: 'nova', path: bases.compute },
  // Neutron's and Glance's clients add the version themselves
  { type: 'network', name: 'neutron', path: '/network' },
  { type: 'image', name: 'glance', path: '/image' },
] as const

const interfaces = ['public', 'internal', 'admin'] as const

/** Where a catalogue says that everything is. */
export interface Place {
  readonly url: string
  readonly region: string
}

/** What we serve, and where. */
export function catalogueAt({ url, region }: Place): readonly CatalogueEntry[] {
  return services.map(({ type, name, path }) => ({
    id: `okeanid-${type}`,
    type,
    name,
    endpoints: interfaces.map((one) => ({
      id: `okeanid-${type}-${one}`,
      interface: one,
      region,
      region_id: region,
      url: `${url}${path}`,
    })),
  }))
}

/** The same in the form of v2.0. */
export function catalogueV2At({ url, region }: Place): readonly unknown[] {
  return services.map(({ type, name, path }) => {
    const publicURL = `${url}${type === 'identity' ? '/identity/v2.0' : path}`
    return {
      type,
      name,
      endpoints_links: [],
      endpoints: [{ region, publicURL, internalURL: publicURL, adminURL: publicURL }],
    }
  })
}
