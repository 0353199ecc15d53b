import { eventRoutes } from '#central/events/route.js'
import { computeRoutes } from './compute/compute-routes.js'
import { healthRoutes } from './health.js'
import { identityRoutes } from './identity/identity-routes.js'
import { imageRoutes } from './image/image-routes.js'
import { neutronRoutes } from './network/neutron-routes.js'
import { paramsRoutes } from './params.js'
import type { Routes } from './routes.js'
import { versionRoutes } from './versions.js'

/** Every part of the API. */
export const parts: readonly Routes[] = [
  versionRoutes,
  healthRoutes,
  identityRoutes,
  computeRoutes,
  neutronRoutes,
  imageRoutes,
  paramsRoutes,
  eventRoutes,
]
