import type { BrokerSettings } from './settings.js'

/**
 * The user of the broker that messages are sent as, where all addresses name the same one. RabbitMQ lets a message say only its own
 * sender (property `user-id`), so it can be believed.
 */
export function userOf({ urls }: BrokerSettings): string | undefined {
  const users = new Set(urls.map((url) => decodeURIComponent(new URL(url).username)))
  const [user] = users
  return users.size === 1 && user !== '' ? user : undefined
}
