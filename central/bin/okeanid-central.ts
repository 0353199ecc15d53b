#!/usr/bin/env node
/**
 * okeanid-central: the central API and everything that an administrator does with its store, as one program with sub-commands.
 *
 * Start-up: commander picks the command, and each command's own file is loaded only then. `serve` is the service (serve.ts); all others
 * do one thing in the store and end; they may do so beside a running service, which sees it at once. Failures of a command arrive
 * here as errors and leave as one sentence on standard error and an exit code: 0 ok, 1 failed, 2 usage, 78 configuration
 * (sysexits.h EX_CONFIG).
 */
import { Fault } from '#central/api/fault.js'
import { AgentError, hasCode } from '#errors.js'
import { program, usageExitCode } from './commands.js'

const exitCodes = { ok: 0, failed: 1, usage: 2, configuration: 78 } as const

/** A known failure as its sentence, a bug with its stack. */
function describe(error: unknown): string {
  if (error instanceof AgentError || error instanceof Fault) {
    return `okeanid-central: ${error.message}`
  }
  return error instanceof Error
    ? `okeanid-central: ${error.stack ?? error.message}`
    : `okeanid-central: ${String(error)}`
}

function exitCodeOf(error: unknown): number {
  if (hasCode(error, 'CONFIG_INVALID')) return exitCodes.configuration
  return hasCode(error, 'USAGE') ? exitCodes.usage : exitCodes.failed
}

process.umask(0o077) // store and key are for the service alone

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.ok) // the reader of a pipe went away
  throw error
})

try {
  await program().parseAsync(process.argv)
} catch (error) {
  const usage = usageExitCode(error) // commander has printed what is to be said
  if (usage === undefined) process.stderr.write(`${describe(error)}\n`)
  const isWrongUsage = usage !== undefined && usage !== 0
  process.exitCode = isWrongUsage ? exitCodes.usage : usage === 0 ? exitCodes.ok : exitCodeOf(error)
}
