/**
 * The simplest possible way from a job file to the broker, as a limit to compare with: one inotify watch, one read, one
 * append and fdatasync, one confirmed publish, one after the other. It knows no states, no duplicates, no restart.
 *
 * argv: queue directory, broker URL, log file. Prints `<file> <unix ms of the confirm>` for each version that it saw.
 */
import { closeSync, fdatasyncSync, openSync, readFileSync, watch, writeSync } from 'node:fs'
import path from 'node:path'
import { connect } from 'amqplib'

const [, , queueDirectory = '', url = '', logFile = ''] = process.argv
const model = await connect(url, { noDelay: true })
const channel = await model.createConfirmChannel()
await channel.assertExchange('ganeti', 'topic', { durable: true })
const log = openSync(logFile, 'a')

const watcher = watch(queueDirectory, (event, name) => {
  if (event !== 'rename' || name === null || !/^job-\d+$/.test(name)) return
  const bytes = readFileSync(path.join(queueDirectory, name))
  writeSync(log, bytes)
  fdatasyncSync(log)
  channel.publish('ganeti', 'ganeti.peer.event.op', bytes, { persistent: true }, () => {
    process.stdout.write(`${name} ${performance.timeOrigin + performance.now()}\n`)
  })
})
process.stderr.write('watching\n')

process.once('SIGTERM', () => {
  watcher.close()
  closeSync(log)
  void model.close()
})
