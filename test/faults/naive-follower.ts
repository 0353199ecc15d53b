import { type FSWatcher, readFileSync, statSync, watch } from 'node:fs'
import path from 'node:path'
import type { Lab } from '../lab/lab.js'
import { readJobFacts } from './oracle.js'

/**
 * What would be told without all that a change of the master asks for: on each node a job file is looked at when it changes, if the node is
 * the master at that moment, and never otherwise. Synnefo's eventd did that. The control of rows about the master.
 */
export interface NaiveFollower extends Disposable {
  /** Ends of ops and jobs that were seen so. */
  readonly facts: ReadonlySet<string>
}

/** How often it looks whether a queue directory is another one: that of a machine that was started again. */
const lookMs = 500

/** Follows the queues of all nodes from outside, until it is disposed of. */
export function openNaiveFollower(lab: Lab): NaiveFollower {
  const facts = new Set<string>()
  const closers = lab.nodes.map((node) => {
    const data = lab.path(node, '/var/lib/ganeti')
    const queue = path.join(data, 'queue')
    let watcher: FSWatcher | undefined
    let watched: string | undefined

    function onChange(name: string | null): void {
      if (name === null || !/^job-\d+$/.test(name)) return
      if (!read(path.join(data, 'ssconf_master_node')).startsWith(`${node}.`)) return
      for (const fact of readJobFacts(path.join(queue, name))) facts.add(fact)
    }

    function look(): void {
      const identity = identityOf(queue)
      if (identity === watched) return
      watcher?.close()
      watched = identity
      if (identity === undefined) return
      watcher = watch(queue, (_event, name) => onChange(name))
      watcher.on('error', () => {
        watched = undefined
      })
    }

    look()
    const timer = setInterval(look, lookMs)
    return () => {
      clearInterval(timer)
      watcher?.close()
    }
  })
  return {
    facts,
    [Symbol.dispose]() {
      for (const close of closers) close()
    },
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function identityOf(directory: string): string | undefined {
  const stats = statSync(directory, { throwIfNoEntry: false })
  return stats && `${stats.dev}.${stats.ino}`
}
