import { readFileSync } from 'node:fs'
import {
  type Environment,
  isOfSameNic,
  type NicEnvironment,
  parseNicEnvironment,
} from '#ganeti/nic-environment.js'

/**
 * What Ganeti asks of us, by our environment. Of what its daemon was started with nothing counts, and that is told by the daemon's own
 * environment: of the nearest process above us that was not started for the same NIC (between us and the daemon stand its scripts).
 */
export function readRequest(environment: Environment, parentPid: number): NicEnvironment {
  return parseNicEnvironment(environment, inheritedBy(environment, parentPid))
}

/** More shells than ever stand between. */
const maxAncestors = 8

function inheritedBy(environment: Environment, parentPid: number): Environment {
  let pid = parentPid
  for (let count = 0; count < maxAncestors && pid > 1; count++) {
    const theirs = environmentOf(pid)
    if (theirs === undefined) return {} // it has ended, or is hidden from us
    if (!isOfSameNic(environment, theirs)) return theirs
    pid = parentOf(pid)
  }
  return {}
}

function environmentOf(pid: number): Environment | undefined {
  const text = readProc(pid, 'environ')
  if (text === undefined) return undefined
  const pairs = text.split('\0').flatMap((pair) => {
    const at = pair.indexOf('=')
    return at < 1 ? [] : [[pair.slice(0, at), pair.slice(at + 1)] as const]
  })
  return Object.fromEntries(pairs)
}

/** `pid (comm) S ppid ..`: comm may hold anything, also parentheses. */
function parentOf(pid: number): number {
  const text = readProc(pid, 'stat') ?? ''
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1] ?? 0)
}

function readProc(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1')
  } catch {
    return undefined
  }
}
