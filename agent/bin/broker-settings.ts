import { readFile } from 'node:fs/promises'
import type { BrokerSecrets, BrokerSettings } from '#broker/settings.js'
import { AgentError, systemCode } from '#errors.js'
import type { NodeConfig } from '#service/node-config.js'

/**
 * The broker's settings. The files that they name are read now, so that a fault is told at the start, and again before each attempt
 * to connect, so that a changed password or certificate needs no restart.
 */
export async function brokerSettings({ broker }: NodeConfig): Promise<BrokerSettings> {
  const secrets = () => readSecrets(broker)
  await secrets()
  return {
    urls: broker.url,
    exchange: broker.exchange,
    heartbeatSeconds: 20,
    connectTimeoutMs: 10_000,
    confirmTimeoutMs: broker.confirm_timeout.ms,
    backoff: { firstMs: 250, maxMs: 15_000 },
    secrets,
  }
}

async function readSecrets({
  password_file: passwordFile,
  ca_file: caFile,
  cert_file: certFile,
  key_file: keyFile,
}: NodeConfig['broker']): Promise<BrokerSecrets> {
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
