import { readFile } from 'node:fs/promises'
import { AgentError, systemCode } from '#errors.js'
import type { BrokerSecrets, BrokerSettings } from './settings.js'

/** What a configuration says of the broker; paths are empty for none. */
export interface BrokerConfig {
  readonly url: readonly string[]
  readonly password_file: string
  readonly ca_file: string
  readonly cert_file: string
  readonly key_file: string
  readonly exchange: string
  /** Of programs that send. */
  readonly confirm_timeout?: { readonly ms: number }
}

/**
 * The broker's settings. The files that they name are read now, so that a fault is told at the start, and again before each attempt
 * to connect, so that a changed password or certificate needs no restart.
 */
export async function brokerSettings(broker: BrokerConfig): Promise<BrokerSettings> {
  const secrets = () => readSecrets(broker)
  await secrets()
  return {
    urls: broker.url,
    exchange: broker.exchange,
    heartbeatSeconds: 20,
    connectTimeoutMs: 10_000,
    confirmTimeoutMs: broker.confirm_timeout?.ms ?? 30_000,
    backoff: { firstMs: 250, maxMs: 15_000 },
    secrets,
  }
}

async function readSecrets({
  password_file: passwordFile,
  ca_file: caFile,
  cert_file: certFile,
  key_file: keyFile,
}: BrokerConfig): Promise<BrokerSecrets> {
  const password = passwordFile === '' ? undefined : (await readSecret(passwordFile)).trim()
  const ca = caFile === '' ? undefined : await readSecret(caFile)
  const cert = certFile === '' ? undefined : await readSecret(certFile)
  const key = keyFile === '' ? undefined : await readSecret(keyFile)
  return {
    ...(password === undefined ? {} : { password }),
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    },
  }
}

async function readSecret(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new AgentError(
      'CONFIG_INVALID',
      `${file}: cannot be read (${systemCode(cause) ?? String(cause)})`,
      { cause },
    )
  }
}
