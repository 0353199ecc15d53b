import type { Routes } from '#central/api/routes.js'
import { extensionRoutes } from './extension-routes.js'
import { floatingIpRoutes } from './floating-ip-routes.js'
import { missingRoutes } from './missing-routes.js'
import { networkRoutes } from './network-routes.js'
import { portRoutes } from './port-routes.js'
import { quotaRoutes } from './quota-routes.js'
import { subnetRoutes } from './subnet-routes.js'
import { synnefoRoutes } from './synnefo-routes.js'

/** Networks, in Neutron's form and in Synnefo's. */
export const neutronRoutes: Routes = (app, context) => {
  extensionRoutes(app, context)
  networkRoutes(app, context)
  subnetRoutes(app, context)
  portRoutes(app, context)
  floatingIpRoutes(app, context)
  quotaRoutes(app, context)
  synnefoRoutes(app, context)
  missingRoutes(app, context)
}
