import { renameSync, writeFileSync } from 'node:fs'
import { AgentError } from '#errors.js'
import type { Units } from '#kernel/units.js'

/** A systemd without processes: what was started runs until the test ends it. */
export interface FakeUnits extends Units {
  /** Names of the units that were started, in order. */
  readonly started: readonly string[]
  /** Those that go on now. */
  readonly running: ReadonlySet<string>
  /** Ends a unit as systemd and hooks/script-ended do: with a note, and after it has printed something. */
  end(unit: string, note?: string, printed?: string): void
  /** Ends all at once without a note, as a power cut does. */
  crash(): void
  /** From now on nothing can be started. */
  refuse(why: string | undefined): void
  /** From now on there is no systemd, or is. */
  setThere(isThere: boolean): void
}

/** A {@link FakeUnits}. */
export function fakeUnits(): FakeUnits {
  const started: string[] = []
  const running = new Set<string>()
  const argsOf = new Map<string, readonly string[]>()
  let problem: string | undefined
  let isThere = true
  const property = (unit: string, name: string): string => {
    const prefix = `--property=${name}=`
    return (
      (argsOf.get(unit) ?? []).find((arg) => arg.startsWith(prefix))?.slice(prefix.length) ?? ''
    )
  }
  const fileOf = (unit: string, name: string): string => property(unit, name).replace(/^[^/]*:/, '')
  return {
    started,
    running,
    isThere: () => isThere,
    async start(unit, args) {
      if (problem !== undefined) throw new AgentError('PROGRAM_FAILED', problem)
      if (running.has(unit)) throw new AgentError('PROGRAM_FAILED', `${unit} was already loaded`)
      started.push(unit)
      argsOf.set(unit, args)
      writeFileSync(fileOf(unit, 'StandardOutput'), '')
      running.add(unit)
    },
    async active(units) {
      return new Set(units.filter((unit) => running.has(unit)))
    },
    end(unit, note = 'success exited 0', printed = '') {
      if (!running.has(unit)) throw new Error(`${unit} does not run`)
      writeFileSync(fileOf(unit, 'StandardOutput'), printed)
      const [, file = ''] = property(unit, 'ExecStopPost').split(' ')
      writeFileSync(`${file}.new`, `${note}\n`)
      renameSync(`${file}.new`, file)
      running.delete(unit)
    },
    crash: () => running.clear(),
    refuse: (why) => {
      problem = why
    },
    setThere: (value) => {
      isThere = value
    },
  }
}
