import { readFileSync } from 'node:fs'
import { AgentError, systemCode } from '#errors.js'
import { isWebUrl } from '#service/consumer-fields.js'
import type { ConsumerConfig, NodeConfig } from '#service/node-config.js'

/** A consumer with what its files hold. */
export interface ConsumerSettings extends ConsumerConfig {
  readonly name: string
  /** Where to post to; undefined where nothing is posted. */
  readonly address: string | undefined
  readonly secret: string | undefined
  readonly ca: string | undefined
  readonly keys: readonly string[]
}

/**
 * What the configuration says of a consumer, its files read.
 * @throws AgentError CONFIG_INVALID when there is no such section or something is missing; INPUT_UNREADABLE for its files
 */
export function consumerSettings(
  { ownConsumers, broker }: Pick<NodeConfig, 'ownConsumers' | 'broker'>,
  name: string,
): ConsumerSettings {
  const fail = (what: string): never => {
    throw new AgentError('CONFIG_INVALID', `[consumer ${name}] ${what}`)
  }
  const config = ownConsumers.get(name)
  if (config === undefined) {
    const names = [...ownConsumers.keys()].join(', ')
    return fail(
      `is not there: write it into /etc/okeanid/okeanid.d/local.ini; there ${names === '' ? 'are none' : `are ${names}`}`,
    )
  }
  if (!broker.enabled) return fail('wants a broker, and [broker] enabled is no')
  const words = config.bindings.split(/[\s,]+/).filter((key) => key !== '')
  const keys = words.map((key) => (key === 'all' ? 'ganeti.#' : key))
  if (keys.length === 0) return fail('bindings: wants at least one routing key')
  const address = config.url_file === '' ? config.url : readSecret(config.url_file)
  const isPosting = config.form !== 'prometheus'
  if (isPosting && !isWebUrl(address)) return fail('url: wants an address like https://host/path')
  if (!isPosting && config.listen === '') return fail('listen: wants an address for Prometheus')
  return {
    ...config,
    name,
    keys,
    address: isPosting ? address : undefined,
    secret: config.secret_file === '' ? undefined : readSecret(config.secret_file),
    ca: config.ca_file === '' ? undefined : readSecret(config.ca_file),
  }
}

function readSecret(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (cause) {
    const why = systemCode(cause) ?? String(cause)
    throw new AgentError('INPUT_UNREADABLE', `${file}: cannot be read (${why})`, { cause })
  }
}
