import path from 'node:path'
import { askRunState } from '#kernel/qmp-status.js'
import { readThreadTimes } from '#kernel/thread-times.js'
import { type KnownQemu, keyOf } from '#nic/life/instance-changes.js'
import {
  firstLook,
  nextLook,
  onAnswer,
  type Pause,
  type PauseChange,
  type PauseWatch,
} from '#nic/life/pauses.js'
import { hypervisorFolder } from '#watch/running-instances.js'

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
  let watches: Map<string, PauseWatch> | undefined

  function lookAt(qemu: KnownQemu): PauseWatch | undefined {
    const times = readThreadTimes(qemu.pid)
    if (times === undefined) return undefined
    const key = keyOf(qemu)
    const before = watches?.get(key)
    const nowMs = performance.now()
    return before === undefined
      ? firstLook(times, { nowMs, pause: known[key] })
      : nextLook(before, times, nowMs)
  }

  async function ask(qemu: KnownQemu, watch: PauseWatch): Promise<PauseChange | undefined> {
    const socket = path.join(root, hypervisorFolder, 'ctrl', `${qemu.instance}.qmp`)
    const state = await askRunState(socket)
    const answered = onAnswer(watch, { qemu, state, nowMs: performance.now() })
    watches?.set(keyOf(qemu), answered.watch)
    return answered.change
  }

  return {
    async look(running) {
      let hasTold = false
      const looked = running.flatMap((qemu) => {
        const watch = lookAt(qemu)
        return watch === undefined ? [] : [{ qemu, watch }]
      })
      watches = new Map(looked.map(({ qemu, watch }) => [keyOf(qemu), watch]))
      for (const { qemu, watch } of looked) {
        const change = watch.isDue ? await ask(qemu, watch) : undefined
        if (change !== undefined) tell(qemu, change)
        hasTold ||= change !== undefined
      }
      return hasTold
    },
    current: () =>
      watches === undefined
        ? known
        : Object.fromEntries(
            [...watches].flatMap(([key, { pause }]) => (pause === undefined ? [] : [[key, pause]])),
          ),
  }
}
