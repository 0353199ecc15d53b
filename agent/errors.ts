/**
 * Every reason for which an edge of the program gives up. Callers compare codes, never texts.
 *
 * - `CONFIG_INVALID` a configuration file cannot be used; the message names file, section and key
 * - `INPUT_UNREADABLE` a file or folder that was named on the command line cannot be read
 * - `NOT_A_GANETI_NODE` Ganeti's data directory has no usable ssconf files
 * - `OUTBOX_LOCKED` another process writes this outbox
 * - `OUTBOX_WRITE` the outbox could not be written: full disk, read-only file system, I/O error
 * - `OUTBOX_CLOSED` the outbox was closed while the call waited
 * - `BROKER_UNREACHABLE` no connection to any configured broker
 * - `BROKER_REFUSED` the broker answered and refused: credentials, vhost, exchange type, permissions
 * - `BROKER_LOST` the connection ended before the broker confirmed a message
 * - `SOCKET_TAKEN` the status socket is held by another running agent
 * - `AGENT_NOT_RUNNING` nobody answers on the status socket
 * - `AGENT_BUSY` the running agent does this for as many as it may already
 * - `NATIVE_MISSING` the native addon is not built or does not load
 * - `PROGRAM_FAILED` a program of the system (nft, iptables, modprobe) is missing, hung or refused what it was asked
 * - `RULES_IN_USE` rules cannot be removed while the role that keeps them runs, or while their tap is up
 * - `ROOT_NEEDED` only root can see or do this, or a program with the capability that is named
 * - `HOST_BROKEN` the doctor found something that keeps us from our work
 * - `USAGE` a command was called without what it needs, or the question it asked was not answered
 * - `STORE_UNUSABLE` the centre's database cannot be opened, reached or brought to this version
 * - `RAPI_UNREACHABLE` no node of a cluster answers as its master
 * - `RAPI_REFUSED` a cluster answered and refused what was asked
 * - `TASK_STUCK` a task did not stop within its deadline
 */
export type ErrorCode =
  | 'CONFIG_INVALID'
  | 'INPUT_UNREADABLE'
  | 'NOT_A_GANETI_NODE'
  | 'OUTBOX_LOCKED'
  | 'OUTBOX_WRITE'
  | 'OUTBOX_CLOSED'
  | 'BROKER_UNREACHABLE'
  | 'BROKER_REFUSED'
  | 'BROKER_LOST'
  | 'SOCKET_TAKEN'
  | 'AGENT_NOT_RUNNING'
  | 'AGENT_BUSY'
  | 'NATIVE_MISSING'
  | 'PROGRAM_FAILED'
  | 'RULES_IN_USE'
  | 'ROOT_NEEDED'
  | 'HOST_BROKEN'
  | 'USAGE'
  | 'STORE_UNUSABLE'
  | 'RAPI_UNREACHABLE'
  | 'RAPI_REFUSED'
  | 'TASK_STUCK'

/** An I/O failure with a code to compare, a sentence to read (what failed, on what, what to do) and its cause. */
export class AgentError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.name = 'AgentError'
    this.code = code
  }
}

/** True when `error` is an {@link AgentError} with this code. */
export function hasCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof AgentError && error.code === code
}

/** The `code` of a Node system error (`ENOENT`, `EACCES` …), or undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
