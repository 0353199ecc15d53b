import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { ThreadTimes } from '#nic/life/pauses.js'

/**
 * How long the virtual processors of a QEMU have run: its threads named `CPU 0/KVM`, `CPU 0/TCG` or `ALL CPUs/TCG` (QEMU's
 * `debug-threads=on`), or where none is named so, all but the first, which serves devices and monitors also while a guest is paused.
 *
 * @returns undefined when the process is gone, or the kernel does not count (`CONFIG_SCHED_INFO`)
 */
export function readThreadTimes(pid: number): ThreadTimes | undefined {
  const folder = `/proc/${pid}/task`
  try {
    const others = readdirSync(folder).filter((thread) => thread !== String(pid))
    const named = others.filter((thread) =>
      /^(?:CPU \d+|ALL CPUs)\//.test(readText(path.join(folder, thread, 'comm'))),
    )
    const times = (named.length > 0 ? named : others).flatMap((thread) => {
      // the first number: time spent on a processor, ns (Documentation/scheduler/sched-stats.rst)
      const time = /^\d+/.exec(readText(path.join(folder, thread, 'schedstat')))?.[0]
      return time === undefined ? [] : [[thread, time] as const]
    })
    return times.length > 0 ? new Map(times) : undefined
  } catch {
    return undefined
  }
}

/** What all threads of a process have used together, in clock ticks of 10 ms (utime and stime of proc(5)'s stat); undefined when it is gone. */
export function readCpuTicks(pid: number): number | undefined {
  const text = readText(`/proc/${pid}/stat`)
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ') // the name may hold anything
  const ticks = Number(fields[11]) + Number(fields[12])
  return Number.isSafeInteger(ticks) ? ticks : undefined
}

/** Threads come and go. */
function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
