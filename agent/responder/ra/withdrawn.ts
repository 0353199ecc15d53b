import { formatCidr, network6 } from '#addr/cidr.js'
import type { AdvertisedPrefix, AdvertisedRoute, RaService } from '#binding/service.js'

/** What hosts must be told of so that they stop using it. */
export interface Withdrawn {
  readonly prefixes: readonly AdvertisedPrefix[]
  readonly routes: readonly AdvertisedRoute[]
}

/** Hosts do not let anybody shorten a valid lifetime below this (RFC 4862 §5.5.3 e). */
export const minWithdrawnSeconds = 7200

/**
 * What a NIC was told and is no longer: prefixes with preferred lifetime 0, so that no new connection uses them, and a
 * valid one of two hours, so that old ones live on (RFC 4862 §5.5.3 e, §5.5.4); routes with lifetime 0 (RFC 4191 §2.3).
 * To be advertised beside the new ({@link withWithdrawn}) for as long as the valid lifetime.
 */
export function withdrawnFrom(old: RaService | undefined, next: RaService | undefined): Withdrawn {
  const prefixes = new Set(next?.prefixes.map((it) => keyOf(it)))
  const routes = new Set(next?.routes.map((it) => keyOf(it)))
  return {
    prefixes: (old?.prefixes ?? [])
      .filter((it) => !prefixes.has(keyOf(it)))
      .map((it) => ({
        ...it,
        preferredSeconds: 0,
        validSeconds: Math.min(it.validSeconds, minWithdrawnSeconds),
      })),
    routes: (old?.routes ?? [])
      .filter((it) => !routes.has(keyOf(it)))
      .map((it) => ({ ...it, lifetimeSeconds: 0 })),
  }
}

/** The service that tells of what was withdrawn as well. */
export function withWithdrawn(ra: RaService, { prefixes, routes }: Withdrawn): RaService {
  return {
    ...ra,
    prefixes: [...ra.prefixes, ...prefixes],
    routes: [...ra.routes, ...routes],
  }
}

function keyOf({ prefix }: AdvertisedPrefix | AdvertisedRoute): string {
  return formatCidr({ address: network6(prefix), prefixLength: prefix.prefixLength })
}
