/**
 * The events role as `okeanid agent` runs it, which dies where it is told to.
 *
 *     agent.js FILE kept|forgetful [POINT:PASSING]
 *
 * FILE is its configuration. `forgetful` is the control: the same role with a memory in place of the outbox.
 */
import { openEventsRole } from '#bin/events-role.js'
import { loadConfig } from '#service/config.js'
import { createLog } from '#service/log.js'
import { signalOfProcess } from '#service/signals.js'
import { outcomeError, runTasks } from '#service/tasks.js'
import { createFuse, parseCrashPlan } from './crash-points.js'
import { openForgetfulOutbox } from './forgetful-outbox.js'
import { fusedOutbox, fusedPublisher, ledgerPoint } from './fused-parts.js'

const [, , configFile = '', mode, plan] = process.argv
const signal = signalOfProcess()
const fuse = createFuse(parseCrashPlan(plan))
const { config } = await loadConfig(configFile, { isRequired: true })
const log = createLog({ level: config.agent.log_level, withPriority: false })
await using role = await openEventsRole(config, log, {
  openOutbox: mode === 'forgetful' ? openForgetfulOutbox : fusedOutbox(fuse),
  openPublisher: fusedPublisher(fuse),
  onLedgerStep(step) {
    const point = ledgerPoint(step)
    if (point !== undefined) fuse.passes(point)
  },
})
const outcome = await runTasks(role.tasks, { signal, deadlineMs: 10_000 })
const error = outcomeError(outcome)
if (error !== undefined) throw error
