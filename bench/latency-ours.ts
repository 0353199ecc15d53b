/**
 * The events role as `okeanid agent` runs it, which also prints `<job file> <unix ms>` when the broker confirmed the last
 * message about a version. argv: configuration file.
 */
import { openEventsRole } from '#bin/events-role.js'
import { loadConfig } from '#service/config.js'
import { createLog } from '#service/log.js'
import { runTasks } from '#service/tasks.js'

const [, , configFile = ''] = process.argv
const { config } = await loadConfig(configFile, { isRequired: true })
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())

await using role = await openEventsRole(config, createLog({ level: 'info', withPriority: false }), {
  onConfirmed(messageId) {
    const [kind, , job] = messageId.split('.')
    if (kind === 'job')
      process.stdout.write(`job-${job} ${performance.timeOrigin + performance.now()}\n`)
  },
})
await runTasks(role.tasks, { signal: stop.signal, deadlineMs: 5000 })
