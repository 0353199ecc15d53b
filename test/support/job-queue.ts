import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** A job queue directory that is written as Ganeti writes it. */
export interface TestQueue {
  readonly directory: string
  /** Writes a version: temporary name first (Python's form), then renamed over the final one; by a clock of its own when told to. */
  write(id: number, content: string | object | Uint8Array, writtenSeconds?: number): void
  /** Moves a job to the archive, as luxid does. */
  archive(id: number): void
  remove(id: number): void
}

/** Makes an empty queue below a directory of the test. */
export function createTestQueue(directory: string): TestQueue {
  mkdirSync(directory, { recursive: true })
  let count = 0
  return {
    directory,
    write(id, content, writtenSeconds) {
      const temp = path.join(directory, `job-${id}${String(count++).padStart(8, 'x')}.new`)
      const bytes =
        typeof content === 'string' || content instanceof Uint8Array
          ? content
          : JSON.stringify(content)
      writeFileSync(temp, bytes)
      if (writtenSeconds !== undefined) utimesSync(temp, writtenSeconds, writtenSeconds)
      renameSync(temp, path.join(directory, `job-${id}`))
    },
    archive(id) {
      const folder = path.join(directory, 'archive', String(Math.floor(id / 10_000)))
      mkdirSync(folder, { recursive: true })
      renameSync(path.join(directory, `job-${id}`), path.join(folder, `job-${id}`))
    },
    remove(id) {
      rmSync(path.join(directory, `job-${id}`))
    },
  }
}
