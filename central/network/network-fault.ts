import { Fault, type FaultName } from '#central/api/fault.js'

/** What Neutron calls the ways in which it refuses, and the compute API's fault of each. */
const faults = {
  BadRequest: 'badRequest',
  InvalidInput: 'badRequest',
  InvalidIpForSubnet: 'badRequest',
  NotAuthorized: 'forbidden',
  NetworkNotFound: 'itemNotFound',
  SubnetNotFound: 'itemNotFound',
  PortNotFound: 'itemNotFound',
  FloatingIPNotFound: 'itemNotFound',
  HTTPNotFound: 'itemNotFound',
  NetworkInUse: 'conflictingRequest',
  SubnetInUse: 'conflictingRequest',
  PortInUse: 'conflictingRequest',
  IpAddressInUse: 'conflictingRequest',
  IpAddressGenerationFailure: 'conflictingRequest',
  FloatingIPPortAlreadyAssociated: 'conflictingRequest',
  Conflict: 'conflictingRequest',
  OverQuota: 'conflictingRequest',
  HTTPNotImplemented: 'notImplemented',
} as const satisfies Readonly<Record<string, FaultName>>

/** Neutron's name of a refusal. */
export type NeutronType = keyof typeof faults

/** A refusal in the words of both APIs. */
export class NetworkFault extends Fault {
  readonly neutronType: NeutronType

  /** @param message one sentence for the client: what is wrong, and what would be right */
  constructor(neutronType: NeutronType, message: string) {
    super(faults[neutronType], message)
    this.neutronType = neutronType
  }
}
