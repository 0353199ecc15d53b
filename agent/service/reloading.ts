import { AgentError } from '#errors.js'
import { changedKeys, type Loaded } from './changed-keys.js'
import type { Log } from './log.js'
import { askStatusSocket, openStatusSocket } from './status-socket.js'

/** What another configuration changes. */
export interface ReloadKeys {
  /** Keys that hold now, as `[section] key`. */
  readonly changed: readonly string[]
  /** Keys that hold after a restart only. */
  readonly needRestart: readonly string[]
}

/** What came of a reload. */
export type ReloadAnswer = ReloadKeys | { readonly problem: string }

/** What a service does with another configuration. */
export interface ReloadParts<C extends Loaded> {
  /** Where it is asked to, by its own user and root; absent: by SIGHUP only. */
  readonly socketPath: string | undefined
  /** What it has been started with. */
  readonly started: C
  /** Reads and checks the files. @throws AgentError CONFIG_INVALID */
  readonly load: () => Promise<C>
  /** Whether a key is fixed for as long as the service runs. */
  readonly isFixed: (name: string) => boolean
  /** Goes over to another configuration; also called when no key has changed, for files that it names may have. @throws AgentError when that cannot be; then the one before holds */
  readonly adopt: (next: C, keys: ReloadKeys) => Promise<void>
  readonly log: Log
}

/** The way in which a running service is told to read its configuration anew. */
export type Reloading = AsyncDisposable

/** Tells a service to read its configuration anew. @throws AgentError AGENT_NOT_RUNNING when none answers there */
export async function askReload(socketPath: string): Promise<ReloadAnswer> {
  const options = { method: 'POST', timeoutMs: answerMs } as const
  return JSON.parse(await askStatusSocket(socketPath, reloadRoute, options)) as ReloadAnswer
}

/** What came of it, a line each; none of a problem. */
export function reloadLines(name: string, answer: ReloadAnswer): readonly string[] {
  if ('problem' in answer) return []
  const { changed, needRestart } = answer
  return [
    `${name}: ${changed.length === 0 ? 'nothing has changed' : `holds now: ${changed.join(', ')}`}`,
    ...(needRestart.length === 0
      ? []
      : [`${name}: holds after a restart only: ${needRestart.join(', ')}`]),
  ]
}

/** Route of {@link openReloading}'s socket. */
const reloadRoute = '/reload'

/** A service waits for what it has under way: a packet to the broker, a file. */
const answerMs = 60_000

/**
 * Answers requests to read the configuration anew, one after the other: `okeanid reload`, and SIGHUP, whose answer is in the log only. A
 * configuration that cannot be used changes nothing.
 */
export async function openReloading<C extends Loaded>(parts: ReloadParts<C>): Promise<Reloading> {
  const { socketPath, started, load, isFixed, adopt, log } = parts
  let holds = started
  let last: Promise<unknown> = Promise.resolve()

  async function reload(): Promise<ReloadAnswer> {
    try {
      const next = await load()
      const changed = changedKeys(holds, next).filter((name) => !isFixed(name))
      const needRestart = changedKeys(started, next).filter(isFixed)
      await adopt(next, { changed, needRestart })
      holds = next
      log('info', 'reloaded', {
        changed: changed.join(', ') || 'nothing',
        needs_restart: needRestart.join(', ') || undefined,
      })
      return { changed, needRestart }
    } catch (error) {
      if (!(error instanceof AgentError)) throw error
      log('error', 'reload-refused', { error: error.message })
      return { problem: error.message }
    }
  }

  const inTurn = (): Promise<ReloadAnswer> => {
    const answer = last.then(reload)
    last = answer.catch(() => undefined) // whoever asked gets it
    return answer
  }
  const onSignal = (): void => void inTurn() // a failure that is no AgentError is a bug and ends the process
  const act = async (): Promise<string> => JSON.stringify(await inTurn())
  const socket =
    socketPath === undefined
      ? undefined
      : await openStatusSocket(socketPath, {
          [reloadRoute]: { contentType: 'application/json', act },
        })
  process.on('SIGHUP', onSignal)
  return {
    async [Symbol.asyncDispose]() {
      process.off('SIGHUP', onSignal)
      await socket?.close()
    },
  }
}
