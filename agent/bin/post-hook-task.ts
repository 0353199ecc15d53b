import { maxHookBytes, parseEnvironment, postHookOf } from '#ganeti/hook-environment.js'
import type { Log } from '#service/log.js'
import type { Task } from '#service/tasks.js'
import { openSpool } from '#watch/spool.js'
import { stampNow } from '#watch/spool-writer.js'

/** What a hook said, and when: it may have waited for long, and newer tags may have come by another way meanwhile. */
export interface TimedHook {
  readonly instance: string
  readonly tags: readonly string[]
  /** Unix time; 0 for one of an earlier boot. */
  readonly timeSeconds: number
}

/** What the task works with. */
export interface PostHookParts {
  /** Where the hooks role leaves the environments of hooks. */
  readonly directory: string
  readonly log: Log
  /** Called for each operation that has changed an instance; must not throw. */
  readonly onChange: (hook: TimedHook) => void
}

/** How often the folder is listed when nothing tells of a file. */
const rescanMs = 10_000

/** Takes what post hooks of instance operations said, from the hooks role. It is only a hint, so what cannot be read just goes aside. */
export function postHookTask({ directory, log, onChange }: PostHookParts): Task {
  return {
    name: 'post-hooks',
    async run(signal) {
      const spool = openSpool({
        directory,
        maxBytes: maxHookBytes,
        rescanMs,
        onNotice: (notice) => log('warning', `hook-spool-${notice.kind}`, { directory }),
        signal,
      })
      for await (const files of spool.batches()) {
        for (const file of files) {
          const hook = postHookOf(parseEnvironment(file.text))
          const instance = hook.ok ? hook.value.instance : undefined
          if (instance === undefined) await spool.refuse(file, 'is no hook of an instance')
          else
            onChange({
              instance: instance.name,
              tags: instance.tags,
              timeSeconds: timeOf(file.name),
            })
        }
        await spool.remove(files)
      }
    },
  }
}

/** When the hook made its file, whose name has the boot and the hundredths of seconds since then. */
function timeOf(name: string): number {
  const [boot, hundredths] = name.split('.')
  const [currentBoot, nanoseconds] = stampNow().fileName.split('.')
  const ageSeconds = Number(nanoseconds) / 1e9 - Number(hundredths) / 100
  return boot === currentBoot ? Date.now() / 1000 - Math.max(0, ageSeconds) : 0
}
