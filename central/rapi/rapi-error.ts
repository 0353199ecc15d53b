import { AgentError } from '#errors.js'

/**
 * Why a call gave no result.
 *
 * `RAPI_REFUSED`: the cluster answered, with `status`. `RAPI_UNREACHABLE`: it did not answer, or not in full.
 */
export class RapiError extends AgentError {
  /** HTTP's; undefined when there was no answer. */
  readonly status: number | undefined
  /** False when the cluster certainly did not do what was asked; true when it may have. */
  readonly mayBeDone: boolean

  constructor(
    code: 'RAPI_UNREACHABLE' | 'RAPI_REFUSED',
    message: string,
    {
      status,
      mayBeDone,
      cause,
    }: { readonly status?: number; readonly mayBeDone: boolean; readonly cause?: unknown },
  ) {
    super(code, message, { cause })
    this.name = 'RapiError'
    this.status = status
    this.mayBeDone = mayBeDone
  }
}
