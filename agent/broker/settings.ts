import type { BackoffPolicy } from '#backoff.js'

/** How to reach the broker. */
export interface BrokerSettings {
  /** `amqp://` or `amqps://` with user, password and virtual host; tried in random order, one after the other. */
  readonly urls: readonly string[]
  /** Topic exchange, declared durable. */
  readonly exchange: string
  /** AMQP's own heartbeat: a peer that is silent for twice as long is gone. */
  readonly heartbeatSeconds: number
  readonly connectTimeoutMs: number
  readonly backoff: BackoffPolicy
  /** PEM of the authority that signed the broker's certificate; absent: the system's authorities. */
  readonly tls?: { readonly ca: string }
}

/** How the connection is. */
export interface BrokerState {
  /** `blocked`: the broker asked not to publish (memory or disk alarm). `waiting`: the next attempt comes later. */
  readonly kind: 'connecting' | 'connected' | 'blocked' | 'waiting' | 'closed'
  /** `host:port/vhost`, never a password. */
  readonly host: string
  /** Failed attempts since the last success. */
  readonly attempts: number
  /** Why it is not connected, or blocked, and what to do about it. */
  readonly lastProblem: string | undefined
}
