/** A number that only grows, by labels; `service/metrics.ts` has one. */
export interface Counter {
  add(amount: number, labels: Readonly<Record<string, string>>): void
}
