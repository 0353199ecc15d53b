import { readFile } from 'node:fs/promises'
import type { BrokerSettings } from '#broker/settings.js'
import { AgentError, systemCode } from '#errors.js'
import type { NodeConfig } from '#service/node-config.js'

/** The broker's settings, with the files that they name read. */
export async function brokerSettings({ broker }: NodeConfig): Promise<BrokerSettings> {
  const password =
    broker.password_file === '' ? undefined : (await readSecret(broker.password_file)).trim()
  const ca = broker.ca_file === '' ? undefined : await readSecret(broker.ca_file)
  return {
    urls: broker.url.map((url) => withPassword(url, password)),
    exchange: broker.exchange,
    heartbeatSeconds: 20,
    connectTimeoutMs: 10_000,
    backoff: { firstMs: 250, maxMs: 15_000 },
    ...(ca === undefined ? {} : { tls: { ca } }),
  }
}

function withPassword(url: string, password: string | undefined): string {
  const parsed = new URL(url)
  if (password === undefined || parsed.username === '' || parsed.password !== '') return url
  parsed.password = encodeURIComponent(password)
  return parsed.href
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
