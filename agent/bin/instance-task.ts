/**
 * Tells when a guest's QEMU starts and ends on this node, and when the guest is paused and goes on. A guest that switches itself off makes
 * no job and runs no hook, nor does a QEMU that crashes, or one that stops its guest because the disk gives errors.
 *
 * Start-up: what ran when the last agent looked is read from disk, so what ended meanwhile is told; where nothing was kept, what runs is
 * taken for granted. Steady state: Ganeti's files wake us, and each QEMU is looked at every half second by its pid alone. Of one that is
 * gone we wait a moment: if Ganeti takes its files away, it was Ganeti that ended it. Failure: what cannot be kept is told again after a
 * restart, under the same id. QMP serves one client at a time, and that one is Ganeti: it is asked only about a guest whose processors
 * stand still (`nic/life/pauses.ts`), for some milliseconds.
 */
import { existsSync, readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { systemCode } from '#errors.js'
import type { InstanceStatus } from '#event/node-fact.js'
import {
  instanceChanges,
  type KeptInstances,
  type KnownQemu,
  keyOf,
  parseKeptInstances,
} from '#nic/life/instance-changes.js'
import type { Log } from '#service/log.js'
import { loadState, saveState } from '#service/state-file.js'
import type { Task } from '#service/tasks.js'
import {
  createInstanceReader,
  followInstanceFiles,
  hypervisorFolder,
} from '#watch/running-instances.js'
import { createWakeup } from '#watch/wakeup.js'
import { openPauses } from './pause-watch.js'
import { spoolEvent } from './spool-event.js'

/** What the task works with. */
export interface InstanceParts {
  /** Below it are Ganeti's files. */
  readonly root: string
  readonly stateFile: string
  readonly spoolDirectory: string
  readonly log: Log
}

/** How often each QEMU is looked at, by its pid alone. */
const lookMs = 500

/** How often the watches are seen to. */
const ensureMs = 5000

/** How often all is read anew whatever the kernel tells. */
const rescanMs = 120_000

/** How often it is looked whether guests' processors run. */
const pauseLookMs = 5000

/** How long Ganeti may take to clean up after a QEMU that it ended. */
const cleanUpMs = 3000

/** A QEMU that is gone and not told yet. */
interface Gone {
  readonly qemu: KnownQemu
  readonly sinceMs: number
}

/** Follows the node's instances and leaves what becomes of them for the events role. */
export function instanceTask({ root, stateFile, spoolDirectory, log }: InstanceParts): Task {
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  const readInstances = createInstanceReader(root)
  let running: readonly KnownQemu[] = []
  let gone: readonly Gone[] = []
  let hasFailed = false
  let pauses = openPauses({ root, known: {}, tell })

  function fail(problem: unknown): void {
    if (!hasFailed) log('error', 'instance-event-not-kept', { problem: String(problem) })
    hasFailed = true
  }

  function tell(
    { instance, ...qemu }: KnownQemu,
    { status, reason, key }: { status: InstanceStatus; reason?: string | undefined; key?: string },
  ): void {
    log('info', `instance-${status}`, { instance, pid: qemu.pid, reason })
    try {
      const fact = { kind: 'instance', status, instance, reason } as const
      spoolEvent(spoolDirectory, fact, { key: key ?? `${status}-${keyOf({ instance, ...qemu })}` })
      hasFailed = false
    } catch (error) {
      fail(error)
    }
  }

  /** What ended goes to those that are told soon. @returns whether something changed */
  function compare(now: readonly KnownQemu[], nowMs: number): boolean {
    const { started, exited } = instanceChanges(running, now)
    running = now
    for (const qemu of started) tell(qemu, { status: 'started' })
    gone = [...gone, ...exited.map((qemu) => ({ qemu, sinceMs: nowMs }))]
    return started.length + exited.length > 0
  }

  function tellGone(nowMs: number): void {
    const later: Gone[] = []
    for (const entry of gone) {
      const { qemu, sinceMs } = entry
      const hasCleanedUp = !isKept(root, qemu)
      if (!hasCleanedUp && nowMs - sinceMs < cleanUpMs) later.push(entry)
      else tell(qemu, { status: 'exited', reason: hasCleanedUp ? 'stopped' : 'by-itself' })
    }
    gone = later
  }

  async function keep(): Promise<void> {
    const open = gone.map(({ qemu }) => qemu)
    const kept: KeptInstances = { bootId, running: [...running, ...open], paused: pauses.current() }
    await saveState(stateFile, kept).catch(fail)
  }

  async function recall(): Promise<void> {
    const { value } = await loadState(stateFile).catch(() => ({ value: undefined }))
    const kept = parseKeptInstances(value)
    if (kept === undefined) running = qemusOf(readInstances())
    else if (kept.bootId === bootId) {
      running = kept.running
      pauses = openPauses({ root, known: kept.paused, tell })
    } else {
      const boot = kept.bootId.slice(0, 8)
      for (const qemu of kept.running)
        tell(qemu, {
          status: 'exited',
          reason: 'node-reboot',
          key: `exited-${keyOf(qemu)}-${boot}`,
        })
    }
  }

  return {
    name: 'instances',
    async run(signal) {
      const { wake, sleep } = createWakeup(signal)
      let isStale = true
      let ensuredMs = Number.NEGATIVE_INFINITY
      let readMs = Number.NEGATIVE_INFINITY
      let lookedMs = Number.NEGATIVE_INFINITY
      let isPauseTold = false
      let looking: Promise<void> | undefined
      const look = async (): Promise<void> => {
        if (await pauses.look(running)) isPauseTold = true
        looking = undefined
      }
      const onChange = (): void => {
        isStale = true
        wake()
      }
      const files = followInstanceFiles(root, onChange, signal)
      await mkdir(path.dirname(stateFile), { recursive: true, mode: 0o700 }).catch(fail)
      await recall()
      await keep()
      while (!signal.aborted) {
        const nowMs = performance.now()
        if (nowMs - ensuredMs >= ensureMs) {
          ensuredMs = nowMs
          if (await files.ensure()) isStale = true
        }
        const before = gone.length
        let isChanged = false
        const isDue = isStale || nowMs - readMs >= rescanMs
        if (isDue || running.some(({ pid }) => !isAlive(pid))) {
          isStale = false
          readMs = nowMs
          isChanged = compare(qemusOf(readInstances()), nowMs)
        }
        tellGone(nowMs)
        if (nowMs - lookedMs >= pauseLookMs && looking === undefined) {
          lookedMs = nowMs
          looking = look() // it never rejects
        }
        if (isChanged || isPauseTold || gone.length !== before) {
          isPauseTold = false
          await keep()
        }
        await sleep(lookMs)
      }
      await looking
      if (isPauseTold) await keep()
    },
  }
}

function qemusOf(
  instances: ReturnType<ReturnType<typeof createInstanceReader>>,
): readonly KnownQemu[] {
  return instances.flatMap(({ name, pid }) => {
    const startTicks = startTicksOf(pid)
    return startTicks === undefined ? [] : [{ instance: name, pid, startTicks }]
  })
}

/** Field 22 of proc(5)'s stat; the second one is in parentheses and may hold anything. */
function startTicksOf(pid: number): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19])
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return systemCode(error) === 'EPERM' // it may run as another user
  }
}

/** Whether Ganeti still keeps how the instance runs. The pid file tells nothing: QEMU itself removes it when it ends in order. */
function isKept(root: string, { instance }: KnownQemu): boolean {
  return existsSync(path.join(root, hypervisorFolder, 'conf', `${instance}.runtime`))
}
