import { existsSync } from 'node:fs'
import { AgentError } from '#errors.js'
import { runProgram } from './run-program.js'

/** systemd, as far as runs of scripts need it. */
export interface Units {
  /** Whether systemd runs this host (sd_booted(3)). */
  isThere(): boolean
  /**
   * Starts a transient unit by systemd-run(1); returns when its program runs.
   * @throws AgentError PROGRAM_FAILED in systemd's own words
   */
  start(unit: string, args: readonly string[]): Promise<void>
  /**
   * Those of these units that have not ended yet.
   * @throws AgentError PROGRAM_FAILED when systemd does not say
   */
  active(units: readonly string[]): Promise<ReadonlySet<string>>
}

/** The host's systemd. */
export const hostUnits: Units = {
  isThere: () => existsSync('/run/systemd/system'),
  async start(unit, args) {
    const { code, stderr } = await runProgram('systemd-run', args)
    if (code === 0) return
    const [said = `systemd-run ended with status ${code}`] = stderr.trim().split('\n')
    throw new AgentError('PROGRAM_FAILED', `${said} (journalctl -u ${unit} says more)`)
  },
  async active(units) {
    if (units.length === 0) return new Set()
    const args = ['show', '--property=Id,ActiveState', '--', ...units]
    const { code, stdout, stderr } = await runProgram('systemctl', args)
    if (code !== 0) throw new AgentError('PROGRAM_FAILED', `systemctl show: ${stderr.trim()}`)
    const found = new Set<string>()
    for (const block of stdout.split('\n\n')) {
      const id = /^Id=(.+)$/m.exec(block)?.[1]
      const state = /^ActiveState=(.+)$/m.exec(block)?.[1]
      if (id !== undefined && state !== 'inactive' && state !== 'failed') found.add(id)
    }
    return found
  },
}
