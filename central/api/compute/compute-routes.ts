import type { Routes } from '#central/api/routes.js'
import { actionRoutes } from './action-routes.js'
import { addressRoutes } from './address-routes.js'
import { flavorRoutes } from './flavor-routes.js'
import { furtherRoutes } from './further-routes.js'
import { hypervisorRoutes } from './hypervisor-routes.js'
import { imageRoutes } from './image-routes.js'
import { instanceActionRoutes } from './instance-action-routes.js'
import { interfaceRoutes } from './interface-routes.js'
import { keypairRoutes } from './keypair-routes.js'
import { metadataRoutes } from './metadata-routes.js'
import { quotaRoutes } from './quota-routes.js'
import { serverRoutes } from './server-routes.js'

/** Nova's API. */
export const computeRoutes: Routes = (app, context) => {
  serverRoutes(app, context)
  actionRoutes(app, context)
  addressRoutes(app, context)
  metadataRoutes(app, context)
  interfaceRoutes(app, context)
  flavorRoutes(app, context)
  imageRoutes(app, context)
  keypairRoutes(app, context)
  quotaRoutes(app, context)
  instanceActionRoutes(app, context)
  hypervisorRoutes(app, context)
  furtherRoutes(app)
}
