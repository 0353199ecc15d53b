import { freshRunName, runLabOk } from '../lab/command.js'

/** A RabbitMQ of our own on the host's loopback. Programs under test get the URL and know nothing else. */
export interface RabbitMq extends AsyncDisposable {
  /** User `okeanid`, an administrator, virtual host `/`. The same over all restarts. */
  readonly url: string
  /** Runs `rabbitmqctl ARGS..` (half a second), which must succeed, and returns its stdout. */
  readonly ctl: (args: readonly string[]) => Promise<string>
  /** Stops it in order (a second). Its data stays. */
  readonly stop: () => Promise<void>
  /** Stops it with SIGKILL, epmd too. What it wrote to disk stays. */
  readonly kill: () => Promise<void>
  /** Makes it silent: connections stay open and are not served. */
  readonly pause: () => Promise<void>
  readonly resume: () => Promise<void>
  /** Starts it again on the same port with the same data (three seconds). */
  readonly start: () => Promise<void>
  /** Kills it and forgets its data. Idempotent. */
  readonly close: () => Promise<void>
}

/** Starts RabbitMQ, from the lab's base tree (built first where there is none: a minute). */
export async function startRabbitmq(): Promise<RabbitMq> {
  const run = freshRunName('mq')
  const broker = (...args: readonly string[]): Promise<string> => runLabOk(run, ['broker', ...args])
  const quiet = async (...args: readonly string[]): Promise<void> => {
    await broker(...args)
  }
  const up = (): Promise<string> => broker('up', '--owner', String(process.pid))
  const close = async (): Promise<void> => {
    await runLabOk(run, ['destroy'])
  }
  await runLabOk(run, ['sweep'])
  try {
    const url = (await up()).trim()
    return {
      url,
      ctl: (args) => broker('ctl', '--quiet', ...args),
      stop: () => quiet('down'),
      kill: () => quiet('kill'),
      pause: () => quiet('pause'),
      resume: () => quiet('resume'),
      start: async () => {
        await up()
      },
      close,
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
