/** A program that announces the NICs whose records are in the folder that is its argument, and prints its log. */
import { announceTask } from '#bin/announce-task.js'
import { openFrames } from '#kernel/frames.js'

const frames = openFrames()
const log = (_level: string, event: string, fields: object = {}): void => {
  console.log(event, JSON.stringify(fields))
}
const { task } = announceTask({ recordsDirectory: process.argv[2] ?? '', frames, log })
console.log('ready')
await task.run(new AbortController().signal)
