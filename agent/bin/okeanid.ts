#!/usr/bin/env node
/**
 * okeanid: everything that runs on a Ganeti node, as one program with sub-commands.
 *
 * Start-up: `nic up` and `nic down` stand in the way of every start of an instance, so they are recognised here and load nothing
 * else; for all others commander picks the command, and each command's own file is loaded only then. Failures of a command
 * arrive here as errors and leave as one sentence on standard error and an exit code: 0 ok, 1 failed, 2 usage, 78 configuration
 * (sysexits.h EX_CONFIG).
 */
import { AgentError, hasCode } from '#errors.js'

const exitCodes = { ok: 0, failed: 1, usage: 2, configuration: 78 } as const

/** @returns the exit code of wrong usage, undefined for commands that ended well */
async function runCommand(): Promise<number | undefined> {
  const { program, usageExitCode } = await import('./commands.js')
  try {
    await program().parseAsync(process.argv)
    return undefined
  } catch (error) {
    const code = usageExitCode(error) // commander has printed what is to be said
    if (code === undefined) throw error
    return code === 0 ? exitCodes.ok : exitCodes.usage
  }
}

async function run(): Promise<number | undefined> {
  const [noun, verb, ...rest] = process.argv.slice(2)
  const isHook = noun === 'nic' && (verb === 'up' || verb === 'down')
  if (!isHook || rest.includes('--help') || rest.includes('-h')) return runCommand()
  const { runHook } = await import('./nic-hook.js')
  return runHook(verb, rest)
}

/** A known failure as its sentence, a bug with its stack. */
function describe(error: unknown): string {
  if (error instanceof AgentError) return `okeanid: ${error.message}`
  return error instanceof Error
    ? `okeanid: ${error.stack ?? error.message}`
    : `okeanid: ${String(error)}`
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.ok) // the reader of a pipe went away
  throw error
})

try {
  const code = await run()
  if (code !== undefined) process.exitCode = code
} catch (error) {
  process.stderr.write(`${describe(error)}\n`)
  process.exitCode = hasCode(error, 'CONFIG_INVALID')
    ? exitCodes.configuration
    : hasCode(error, 'USAGE')
      ? exitCodes.usage
      : exitCodes.failed
}
