import { freshRunName, runLabOk } from '../lab/command.js'

/** A RabbitMQ of our own on the host's loopback. Programs under test get the URL and know nothing else. */
export interface RabbitMq extends AsyncDisposable {
  /** User `okeanid`, an administrator, virtual host `/`. The same over all restarts. */
  readonly url: string
  /** The same over TLS, where it was started with `tlsFolder`: by the name `localhost`. */
  readonly tlsUrl: string
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

/**
 * Starts RabbitMQ, from the lab's base tree (built first where there is none: a minute).
 * @param options.tlsFolder ca.pem, cert.pem and key.pem of a TLS port, which asks everybody for a certificate of this authority
 */
export async function startRabbitmq({
  tlsFolder,
}: {
  readonly tlsFolder?: string
} = {}): Promise<RabbitMq> {
  const run = freshRunName('mq')
  const broker = (...args: readonly string[]): Promise<string> => runLabOk(run, ['broker', ...args])
  const quiet = async (...args: readonly string[]): Promise<void> => {
    await broker(...args)
  }
  const tls = tlsFolder === undefined ? [] : ['--tls', tlsFolder]
  const up = (): Promise<string> => broker('up', '--owner', String(process.pid), ...tls)
  const close = async (): Promise<void> => {
    await runLabOk(run, ['destroy'])
  }
  await runLabOk(run, ['sweep'])
  try {
    const url = (await up()).trim()
    const [, tlsPort = ''] = /^TLS_PORT=(\d+)$/m.exec(await broker('env')) ?? []
    const tlsParts = { protocol: 'amqps:', hostname: 'localhost', port: tlsPort }
    return {
      url,
      tlsUrl: Object.assign(new URL(url), tlsParts).href,
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
