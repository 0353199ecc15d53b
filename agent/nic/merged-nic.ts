import type { Cidr6 } from '#addr/cidr.js'
import type { ServiceDefaults } from '#binding/resolve.js'
import type { CompleteSettings } from '#binding/settings.js'
import type { Allows } from './firewall/allows.js'
import type { Nic } from './nic.js'
import type { CompleteSetup } from './setup-settings.js'

/** A NIC with all that is configured for it: what its attachment and its guard are decided by. */
export interface MergedNic {
  /** With its own prefix as its network's, where it has one. */
  readonly nic: Nic
  readonly setup: CompleteSetup
  /** What it is told. */
  readonly settings: CompleteSettings
  readonly allows: Allows
  readonly ownPrefix: Cidr6 | undefined
  readonly serving: ServiceDefaults
}
