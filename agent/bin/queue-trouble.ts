import type { BrokerState } from '#broker/settings.js'
import type { Log } from '#service/log.js'

/** A user who may not have this queue is refused again and again: each kind of trouble is told once, until it works. */
export function troubleLog(log: Log, event: string): (state: BrokerState) => void {
  let told: string | undefined
  return ({ kind, lastProblem }) => {
    if (kind === 'connected') told = undefined
    if (kind !== 'waiting' || lastProblem === told) return
    told = lastProblem
    log('warning', event, { problem: lastProblem })
  }
}
