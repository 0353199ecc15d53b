/** Names of OpenStack's faults, and the HTTP status of each (Compute API guide, "Faults"). */
const statuses = {
  badRequest: 400,
  unauthorized: 401,
  forbidden: 403,
  itemNotFound: 404,
  badMethod: 405,
  notAcceptable: 406,
  conflictingRequest: 409,
  overLimit: 413,
  badMediaType: 415,
  tooManyRequests: 429,
  computeFault: 500,
  notImplemented: 501,
  serviceUnavailable: 503,
} as const

/** A name of a fault. */
export type FaultName = keyof typeof statuses

/** Something that is told to a client instead of what it asked for. */
export class Fault extends Error {
  readonly fault: FaultName
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  /** @param message one sentence for the client: what is wrong, and what would be right */
  constructor(fault: FaultName, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.name = 'Fault'
    this.fault = fault
    this.status = statuses[fault]
    this.headers = headers
  }

  /** Of the compute API: `{"itemNotFound": {"code": 404, "message": ".."}}`. */
  body(): Readonly<Record<string, { readonly code: number; readonly message: string }>> {
    return { [this.fault]: { code: this.status, message: this.message } }
  }
}

/** The fault of a status that something else than we decided. */
export function faultOfStatus(status: number, message: string): Fault {
  const found = (Object.keys(statuses) as FaultName[]).find((name) => statuses[name] === status)
  return new Fault(found ?? (status < 500 ? 'badRequest' : 'computeFault'), message)
}
