import path from 'node:path'
import { askRunState } from '#kernel/qmp-status.js'
import { readCpuTicks, readThreadTimes } from '#kernel/thread-times.js'
import { type KnownQemu, keyOf } from '#nic/life/instance-changes.js'
import {
  afterWork,
  firstLook,
  nextLook,
  onAnswer,
  type Pause,
  type PauseChange,
  type PauseWatch,
} from '#nic/life/pauses.js'
import { hypervisorFolder } from '#watch/running-instances.js'

/** What is known of a QEMU, with what it had used of processors when it was looked at. */
interface Looked {
  readonly ticks: number
  readonly watch: PauseWatch
}

/** Looks for guests that are paused. */
export interface Pauses {
  /** Looks at each QEMU once. @returns whether something was told */
  look(running: readonly KnownQemu[]): Promise<boolean>
  /** Those that are paused, by the key of their QEMU: what is kept. */
  current(): Readonly<Record<string, Pause>>
}

/** @param options.known what was kept */
export function openPauses({
  root,
  known,
  tell,
}: {
  readonly root: string
  readonly known: Readonly<Record<string, Pause>>
  readonly tell: (qemu: KnownQemu, change: PauseChange) => void
}): Pauses {
  let looked: Map<string, Looked> | undefined

  /** Threads are looked at only where the process as a whole has rested: with many guests that is most of the cost. */
  function lookAt({ pid, ...qemu }: KnownQemu): Looked | undefined {
    const ticks = readCpuTicks(pid)
    if (ticks === undefined) return undefined
    const key = keyOf({ pid, ...qemu })
    const before = looked?.get(key)
    const nowMs = performance.now()
    if (before !== undefined && before.watch.pause === undefined && before.ticks !== ticks)
      return { ticks, watch: afterWork(before.watch, nowMs) }
    const times = readThreadTimes(pid)
    if (times === undefined) return undefined
    const watch =
      before === undefined
        ? firstLook(times, { nowMs, pause: known[key] })
        : nextLook(before.watch, times, nowMs)
    return { ticks, watch }
  }

  async function ask(qemu: KnownQemu, { ticks, watch }: Looked): Promise<PauseChange | undefined> {
    const socket = path.join(root, hypervisorFolder, 'ctrl', `${qemu.instance}.qmp`)
    const state = await askRunState(socket)
    const answered = onAnswer(watch, { qemu, state, nowMs: performance.now() })
    looked?.set(keyOf(qemu), { ticks, watch: answered.watch })
    return answered.change
  }

  return {
    async look(running) {
      let hasTold = false
      const now = running.flatMap((qemu) => {
        const look = lookAt(qemu)
        return look === undefined ? [] : [{ qemu, look }]
      })
      looked = new Map(now.map(({ qemu, look }) => [keyOf(qemu), look]))
      for (const { qemu, look } of now) {
        const change = look.watch.isDue ? await ask(qemu, look) : undefined
        if (change !== undefined) tell(qemu, change)
        hasTold ||= change !== undefined
      }
      return hasTold
    },
    current: () =>
      looked === undefined
        ? known
        : Object.fromEntries(
            [...looked].flatMap(
              ([
                key,
                {
                  watch: { pause },
                },
              ]) => (pause === undefined ? [] : [[key, pause]]),
            ),
          ),
  }
}
