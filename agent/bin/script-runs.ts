import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, unlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { hasCode, systemCode } from '#errors.js'
import type { Units } from '#kernel/units.js'
import { type Ending, endingOf, parseUnitResult } from '#script/ending.js'
import { parseRunStart, type RunStart, runId, unitOf } from '#script/result.js'
import type { ScriptSettings } from '#script/settings.js'
import { transientArguments } from '#script/transient.js'
import type { Log } from '#service/log.js'
import { loadState, saveState } from '#service/state-file.js'
import { createDirectoryFollower } from '#watch/directory-follower.js'
import { createWakeup } from '#watch/wakeup.js'

/** Our shell programs that a unit runs. */
export interface ScriptPrograms {
  readonly runScript: string
  readonly scriptEnded: string
}

/**
 * Runs that go on, four files each: `ID.json` (the start), `ID.env`, `ID.out`, and, from systemd, `ID.exit`. They do not depend on this
 * process: one that was started by an earlier one is waited for like any other.
 */
export interface ScriptRuns {
  /** Those that were started and not forgotten, also by an earlier process. */
  load(): Promise<readonly RunStart[]>
  /** Starts a run; undefined when that went well, else how it ended. */
  start(start: RunStart, options: StartOptions): Promise<Ending | undefined>
  /** How it ends; `unknown` when it was never started, undefined when the signal came first. */
  ended(start: RunStart): Promise<Ending | 'unknown' | undefined>
  outputFile(start: RunStart): string
  /** Its result is kept: its files go. */
  forget(start: RunStart): Promise<void>
  /** Looks for ends until the signal aborts. */
  watch(): Promise<void>
}

/** What a run gets. */
export interface StartOptions {
  readonly settings: ScriptSettings
  readonly environment: string
}

/** How often systemd is asked when no note comes. */
const rescanMs = 5000

/** Opens the folder of runs. */
export async function openScriptRuns({
  directory,
  programs,
  units,
  log,
  signal,
}: {
  readonly directory: string
  readonly programs: ScriptPrograms
  readonly units: Units
  readonly log: Log
  readonly signal: AbortSignal
}): Promise<ScriptRuns> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const fileOf = (id: string, suffix: string): string => path.join(directory, `${id}.${suffix}`)
  const awaited = new Map<string, (ending: Ending | 'unknown' | undefined) => void>()
  const { wake, sleep } = createWakeup(signal)

  async function noted(id: string): Promise<Ending | undefined> {
    try {
      const result = parseUnitResult(await readFile(fileOf(id, 'exit'), 'utf8'))
      return result === undefined ? { kind: 'interrupted' } : endingOf(result)
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined
      throw error
    }
  }

  function settle(id: string, ending: Ending | 'unknown' | undefined): void {
    awaited.get(id)?.(ending)
    awaited.delete(id)
  }

  async function lookForNotes(): Promise<void> {
    for (const id of [...awaited.keys()]) {
      const ending = await noted(id)
      if (ending !== undefined) settle(id, ending)
    }
  }

  /** One that is not there any more and left no note was taken down with the host, or its note found the disk full. */
  async function lookForLost(): Promise<void> {
    const ids = [...awaited.keys()]
    const active = await activeUnits(ids.map(unitOf))
    if (active === undefined) return
    for (const id of ids.filter((candidate) => !active.has(unitOf(candidate)))) {
      // its note may have come since systemd was asked; without output it never began, for systemd makes that file first
      const ending =
        (await noted(id)) ?? (existsSync(fileOf(id, 'out')) ? { kind: 'interrupted' } : 'unknown')
      settle(id, ending)
    }
  }

  let isSilent = false
  async function activeUnits(names: readonly string[]): Promise<ReadonlySet<string> | undefined> {
    try {
      const active = await units.active(names)
      isSilent = false
      return active
    } catch (error) {
      if (!hasCode(error, 'PROGRAM_FAILED')) throw error
      if (!isSilent) log('warning', 'scripts-systemd-silent', { problem: String(error) })
      isSilent = true
      return undefined
    }
  }

  return {
    async load() {
      const found: RunStart[] = []
      for (const name of await readdir(directory)) {
        if (!name.endsWith('.json')) continue
        const start = parseRunStart((await loadState(path.join(directory, name))).value)
        if (start !== undefined) found.push(start)
      }
      return found
    },
    async start(start, { settings, environment }) {
      const id = runId(start)
      for (const suffix of ['exit', 'out']) await remove(fileOf(id, suffix))
      await writeFile(fileOf(id, 'env'), environment, { mode: 0o600 })
      await saveState(fileOf(id, 'json'), start)
      const args = transientArguments({
        ...programs,
        settings,
        unit: unitOf(id),
        description: `Okeanid: ${start.script} after ${start.operation} of ${start.target || 'the cluster'}`,
        script: start.file,
        environmentFile: fileOf(id, 'env'),
        outputFile: fileOf(id, 'out'),
        endedFile: fileOf(id, 'exit'),
      })
      try {
        await units.start(unitOf(id), args)
        return undefined
      } catch (error) {
        if (!hasCode(error, 'PROGRAM_FAILED') || !(error instanceof Error)) throw error
        return { kind: 'unstarted', why: error.message }
      }
    },
    ended(start) {
      return new Promise((resolve) => {
        if (signal.aborted) return resolve(undefined)
        awaited.set(runId(start), resolve)
        wake()
      })
    },
    outputFile: (start) => fileOf(runId(start), 'out'),
    async forget(start) {
      // what says that there was a run goes last
      for (const suffix of ['env', 'exit', 'out', 'json'])
        await remove(fileOf(runId(start), suffix))
    },
    async watch() {
      const follower = createDirectoryFollower(directory, (name) => {
        if (name === undefined || name.endsWith('.exit')) wake()
      })
      let askAtMs = 0
      while (!signal.aborted) {
        await follower.ensure()
        await lookForNotes()
        if (awaited.size > 0 && performance.now() >= askAtMs) {
          await lookForLost()
          askAtMs = performance.now() + rescanMs
        }
        await sleep(awaited.size > 0 ? Math.max(1, askAtMs - performance.now()) : rescanMs)
      }
      follower.close()
      for (const id of [...awaited.keys()]) settle(id, undefined)
    },
  }
}

async function remove(file: string): Promise<void> {
  try {
    await unlink(file)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
  }
}
