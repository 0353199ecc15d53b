/**
 * `okeanid progress INSTANCE`: what snf-image's programs say of an install, JSON objects on standard input, becomes messages.
 *
 * Runs inside the install of a guest's OS, which must not fail because of us, nor wait: whatever happens, standard input is read to its end
 * and the exit code is 0, but for wrong usage (2). Nothing is sent from here: each message is a file in a spool, which the
 * events role takes whenever it runs. Each object is echoed to standard error with the tag `[MONITOR]`, as Synnefo's
 * snf-progress-monitor did; so are faults, once each. Ignored on purpose: what is no image message; percentages within a second of the one before.
 */
import { AgentError, systemCode } from '#errors.js'
import {
  formatProgressFile,
  type ImageProgress,
  isInstanceName,
  parseImageProgress,
} from '#event/image-progress.js'
import { createImagePace } from '#progress/image-pace.js'
import { createObjectStream, type StreamItem } from '#progress/object-stream.js'
import { loadConfig } from '#service/config.js'
import { spoolFile, stampNow } from '#watch/spool-writer.js'
import { pathsOf } from './paths.js'

/** Where the spool is when the configuration cannot be read. */
const defaultSpool = '/var/lib/okeanid/spool/progress'

/** Most faults of the input that are told one by one. */
const maxFaults = 20

/** Reads standard input to its end. */
export async function followInstall(
  instance: string,
  source: {
    readonly file: string
    readonly isRequired: boolean
    readonly spool?: string | undefined
  },
): Promise<void> {
  if (!isInstanceName(instance))
    throw new AgentError('INPUT_UNREADABLE', `${instance}: is no name of an instance`)
  process.stderr.on('error', () => undefined) // who reads it may go away; the install goes on
  const spool = source.spool ?? (await configuredSpool(source))
  const teller = createTeller(instance, spool)
  const stream = createObjectStream()
  const decoder = new TextDecoder()
  for await (const piece of process.stdin) {
    if (piece instanceof Uint8Array)
      teller.take(stream.write(decoder.decode(piece, { stream: true })))
  }
  teller.take([...stream.write(decoder.decode()), ...stream.end()])
  teller.end()
}

async function configuredSpool(source: {
  readonly file: string
  readonly isRequired: boolean
}): Promise<string> {
  try {
    const { config } = await loadConfig(source.file, source)
    return pathsOf(config).progressSpool
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)}; so ${defaultSpool} is used`)
    return defaultSpool
  }
}

/** Takes what the stream holds; tells it, in its pace. */
function createTeller(
  instance: string,
  spool: string,
): { take(items: readonly StreamItem[]): void; end(): void } {
  const pace = createImagePace()
  const troubles = new Set<string>()
  let faultCount = 0
  let timer: NodeJS.Timeout | undefined

  function tell(progress: ImageProgress): void {
    const { id, fileName } = stampNow()
    const told = { id, timeMs: Date.now(), instance, progress }
    let trouble: string | undefined
    try {
      const outcome = spoolFile(spool, fileName, formatProgressFile(told))
      if (outcome === 'missing') trouble = `${spool} is not there (systemd-tmpfiles makes it)`
      if (outcome === 'full') trouble = `${spool} is full: does okeanid-agent.service run?`
    } catch (error) {
      trouble = `${spool}: ${systemCode(error) ?? String(error)}`
    }
    if (trouble === undefined || troubles.has(trouble)) return
    troubles.add(trouble)
    say(`what is said is lost: ${trouble}`)
  }

  function fault(why: string, text: string): void {
    faultCount++
    if (faultCount <= maxFaults) say(`passed over, ${why}: ${text}`)
  }

  function schedule(): void {
    clearTimeout(timer)
    const { told, nextMs } = pace.due(performance.now())
    for (const progress of told) tell(progress)
    if (nextMs !== undefined) timer = setTimeout(schedule, nextMs - performance.now())
  }

  return {
    take(items) {
      for (const item of items) {
        if (item.kind === 'bad') {
          fault(item.why, JSON.stringify(item.text))
          continue
        }
        const parsed = parseImageProgress(item.value)
        if (!parsed.ok) {
          fault(parsed.problem, JSON.stringify(item.value).slice(0, 80))
          continue
        }
        const { type, said } = parsed.value
        say(JSON.stringify({ type, ...said, event_time: wireNow(), instance }))
        for (const progress of pace.take(parsed.value, performance.now())) tell(progress)
      }
      schedule()
    },
    end() {
      clearTimeout(timer)
      for (const progress of pace.end()) tell(progress)
      if (faultCount > maxFaults) say(`${faultCount} faults in all`)
      if (pace.droppedCount() > 0) say(`too many messages: ${pace.droppedCount()} were dropped`)
    },
  }
}

function wireNow(): readonly [number, number] {
  const nowMs = Date.now()
  return [Math.floor(nowMs / 1000), (nowMs % 1000) * 1000]
}

/** One line for whoever looks at the install's log. */
function say(text: string): void {
  process.stderr.write(`[MONITOR] ${text}\n`)
}
