import path from 'node:path'
import { AgentError, systemCode } from '#errors.js'
import { loadConfig } from '#service/config.js'
import type { Log } from '#service/log.js'
import type { Task } from '#service/tasks.js'
import { createDirectoryFollower } from '#watch/directory-follower.js'
import { createWakeup } from '#watch/wakeup.js'
import { writeCompiled } from './config-compile.js'

/** Editors write a file in several steps. */
const quietMs = 300

/** How often the folders are looked for when they are not there. */
const rescanMs = 60_000

/**
 * Compiles the configuration for `nic up`, at the start and whenever its files change. A configuration that cannot be used changes
 * nothing: guests go on to start by the last good one, and the log says what is wrong.
 */
export function compileTask(
  location: { readonly file: string; readonly isRequired: boolean },
  log: Log,
): Task {
  let told: string | undefined

  async function compile(): Promise<void> {
    try {
      await writeCompiled(await loadConfig(location.file, location))
      if (told !== undefined) log('info', 'configuration-good-again')
      told = undefined
    } catch (error) {
      // also a full disk, which must not end what keeps NICs isolated
      if (!(error instanceof AgentError) && systemCode(error) === undefined) throw error
      const why = error instanceof Error ? error.message : String(error)
      if (told !== why) log('error', 'configuration-unusable', { error: why })
      told = why
    }
  }

  return {
    name: 'compile',
    async run(signal) {
      const wakeup = createWakeup(signal)
      let isChanged = true
      const onName = (name: string | undefined): void => {
        if (name !== undefined && !name.endsWith('.ini')) return
        isChanged = true
        wakeup.wake()
      }
      const folder = path.dirname(location.file)
      const name = path.basename(location.file, '.ini')
      const followers = [folder, path.join(folder, `${name}.d`)].map((directory) =>
        createDirectoryFollower(directory, onName),
      )
      while (!signal.aborted) {
        const states = await Promise.all(followers.map((follower) => follower.ensure()))
        if (states.includes('new')) isChanged = true
        if (isChanged) {
          await wakeup.sleep(quietMs)
          isChanged = false
          await compile()
        } else await wakeup.sleep(rescanMs)
      }
      for (const follower of followers) follower.close()
    },
  }
}
