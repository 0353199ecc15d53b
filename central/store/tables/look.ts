/** What reconciliation found at a cluster and did not believe at once. */
export interface LookTable {
  readonly backend_id: number
  /** What was found, and of what: `stale-server snf-42`. */
  readonly subject: string
  /** What must be the same when it is found again. */
  readonly proof: string
  /** Since when it is. */
  readonly since_ms: number
}
