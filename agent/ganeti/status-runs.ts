import { type OpStatus, opStatuses } from './status.js'

declare const statusRunsBrand: unique symbol

/**
 * The statuses of all ops of a job as runs of letters with their lengths, `12s1r20q`: a job of a thousand ops goes through three
 * thousand of these lists, and spelt out they would be 24 MB.
 */
export type StatusRuns = string & { readonly [statusRunsBrand]: true }

const letters: Readonly<Record<OpStatus, string>> = {
  queued: 'q',
  waiting: 'w',
  canceling: 'n',
  running: 'r',
  canceled: 'c',
  success: 's',
  error: 'e',
}

const statusOf: ReadonlyMap<string, OpStatus> = new Map(
  opStatuses.map((status) => [letters[status], status]),
)

/** Folds a list of statuses. */
export function foldStatuses(statuses: readonly OpStatus[]): StatusRuns {
  let text = ''
  for (let from = 0; from < statuses.length; ) {
    const status = statuses[from]
    let to = from
    while (to < statuses.length && statuses[to] === status) to++
    if (status !== undefined) text += `${to - from}${letters[status]}`
    from = to
  }
  return text as StatusRuns
}

/** Unfolds what {@link foldStatuses} made. */
export function unfoldStatuses(runs: StatusRuns): readonly OpStatus[] {
  return [...runs.matchAll(/(\d+)([a-z])/g)].flatMap(([, count, letter = '']) => {
    const status = statusOf.get(letter)
    return status === undefined ? [] : new Array<OpStatus>(Number(count)).fill(status)
  })
}
