import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { openTrigger } from '#watch/trigger.js'

/** Writes files as Ganeti does, hundreds a second, until it is killed. */
const writer = `
const { renameSync, writeFileSync } = require('node:fs')
const directory = process.argv[1]
let count = 0
const write = () => {
  for (let left = 10; left > 0; left--) {
    const file = directory + '/job-' + (count++ % 5000)
    writeFileSync(file + 'xxxxxxxx.new', '')
    renameSync(file + 'xxxxxxxx.new', file)
  }
}
write()
setInterval(write, 10)
process.stdout.write('writing')
`

t.test(
  'a directory that is never quiet was never watched: the first change is enough',
  async (t) => {
    const directory = t.testdir()
    for (let id = 0; id < 5000; id++) writeFileSync(path.join(directory, `job-${id}`), '')
    const child = spawn(process.execPath, ['-e', writer, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    let toldCount = 0
    const trigger = await openTrigger(
      directory,
      () => {
        toldCount += 1
      },
      (error) => t.fail(String(error)),
    )
    const beforeOpen = toldCount
    child.kill()
    await Promise.all([trigger.close(), once(child, 'exit')])
    t.ok(beforeOpen < 100, `${beforeOpen} changes were told before`)
  },
)
