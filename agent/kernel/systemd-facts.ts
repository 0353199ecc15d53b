import { existsSync } from 'node:fs'
import { AgentError } from '#errors.js'
import { runProgram } from './run-program.js'

/** A unit, by systemd's word. */
export interface UnitFact {
  readonly name: string
  readonly isFailed: boolean
  /** How it ended: `success`, `exit-code`, `signal`, `watchdog`, `oom-kill` … */
  readonly result: string
  readonly isEnabled: boolean
}

/** What systemd says of units; those that it does not know are left out. Empty where systemd does not run. */
export async function readUnitFacts(names: readonly string[]): Promise<readonly UnitFact[]> {
  const keys = 'Id,LoadState,ActiveState,Result,UnitFileState'
  return parseUnitFacts(await ask('systemctl', ['show', '-p', keys, ...names]))
}

/** Whether systemd knows that nothing keeps the clock; false where it does not know. */
export async function isClockFree(): Promise<boolean> {
  return /^NTPSynchronized=no$/m.test(await ask('timedatectl', ['show', '-p', 'NTPSynchronized']))
}

/** Reads what `systemctl show` prints of several units: blocks of `key=value`. */
export function parseUnitFacts(text: string): readonly UnitFact[] {
  return text.split('\n\n').flatMap((block) => {
    const value = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(block)?.[1] ?? ''
    if (value('LoadState') !== 'loaded') return []
    const result = value('Result')
    const active = value('ActiveState')
    // between two attempts a unit that fails again and again is `activating`
    const isFailed = active === 'failed' || (active === 'activating' && result !== 'success')
    const isEnabled = ['enabled', 'enabled-runtime', 'static', 'alias'].includes(
      value('UnitFileState'),
    )
    return [{ name: value('Id').replace(/\.service$/, ''), isFailed, result, isEnabled }]
  })
}

async function ask(program: string, args: readonly string[]): Promise<string> {
  if (!existsSync('/run/systemd/system')) return '' // sd_booted(3)
  try {
    return (await runProgram(program, args, '', { timeoutMs: 5000 })).stdout
  } catch (error) {
    if (error instanceof AgentError) return ''
    throw error
  }
}
