import { createHash } from 'node:crypto'
import { simulatedMessage } from '#central/effect/simulated-message.js'
import type { Row } from '#central/store/schema.js'
import { takeMessages } from '#central/update/take-messages.js'
import { clearTask } from './clear-task.js'
import type { Action, Finding, Told } from './finding.js'
import { releaseLeaks } from './leaks.js'
import type { Looks } from './looks.js'
import type { ReconcileDeps } from './reconcile.js'

/** A finding with what became of it. */
export interface Outcome extends Omit<Finding, 'action'> {
  /** `told` and `fixed` are done; `waits` is seen for the first time, or still within the grace period. */
  readonly outcome: 'told' | 'fixed' | 'waits' | 'reported' | 'planned'
}

type Waiting = Finding & { readonly action: Extract<Action, { kind: 'wait' }> }

/** Most messages of one transaction. */
const batchCount = 200

/** Does what is to be done about findings. @returns what became of each, in the same order */
export async function settleFindings(
  deps: ReconcileDeps,
  {
    backend,
    looks,
    findings,
  }: {
    readonly backend: Row<'backends'>
    readonly looks: Looks
    readonly findings: readonly Finding[]
  },
): Promise<readonly Outcome[]> {
  const graceMs = deps.config.reconcile.grace.ms
  const waiting = findings.filter((one): one is Waiting => one.action.kind === 'wait')
  const due = await looks.areDue({
    backend,
    looks: waiting.map((finding) => ({ finding, proof: finding.action.proof })),
    nowMs: deps.nowMs(),
    graceMs,
  })
  const isDue = new Map(waiting.map((finding, index) => [finding, due[index] === true]))
  const outcomes: Outcome[] = []
  const toTell: Told[] = []
  for (const finding of findings) {
    const { action, ...found } = finding
    if (action.kind === 'wait') {
      const told = isDue.get(finding as Waiting) === true
      if (told) toTell.push(action.later)
      outcomes.push({ ...found, outcome: told ? 'told' : 'waits' })
    } else if (action.kind === 'tell') {
      toTell.push(action)
      outcomes.push({ ...found, outcome: 'told' })
    } else if (action.kind === 'clear-task') {
      const isCleared = await clearTask(deps, { serverId: finding.serverId ?? 0, graceMs })
      outcomes.push({ ...found, outcome: isCleared ? 'fixed' : 'waits' })
    } else {
      const isLeak = finding.kind === 'leaked-pool-value'
      outcomes.push({ ...found, outcome: isLeak ? 'fixed' : 'reported' })
    }
  }
  if (findings.some(({ kind }) => kind === 'leaked-pool-value')) await releaseLeaks(deps)
  await tellAll(deps, { backend, toTell })
  return outcomes
}

async function tellAll(
  deps: ReconcileDeps,
  { backend, toTell }: { readonly backend: Row<'backends'>; readonly toTell: readonly Told[] },
): Promise<void> {
  const bodies = toTell.flatMap((told) => told.bodies)
  for (let from = 0; from < bodies.length; from += batchCount) {
    const messages = bodies.slice(from, from + batchCount).map((body) => {
      const id = `found.${createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 40)}`
      return simulatedMessage(backend, { id, body })
    })
    await deps.store.write((tx) => takeMessages(tx, deps, messages))
    deps.wakeEvents()
  }
}
