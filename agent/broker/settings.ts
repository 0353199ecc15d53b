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
  /** How long nothing may be confirmed while something is under way; then the connection counts as dead. */
  readonly confirmTimeoutMs: number
  readonly backoff: BackoffPolicy
  /** For `amqps://`; absent: the system's authorities, no certificate of our own. */
  readonly tls?: BrokerTls
  /**
   * Reads the secrets again, before each attempt to connect: a password or certificate that was changed in its file holds from
   * then on. Rejects with `CONFIG_INVALID` when one cannot be read; the attempt fails with that.
   */
  readonly secrets?: () => Promise<BrokerSecrets>
}

/** PEM texts of a TLS connection. */
export interface BrokerTls {
  /** Of the authority that signed the broker's certificate; absent: the system's authorities. */
  readonly ca?: string
  /** Who we are, for brokers that ask. */
  readonly cert?: string
  readonly key?: string
}

/** What of the settings comes from files of its own. */
export interface BrokerSecrets {
  /** For addresses that have a user and no password. */
  readonly password?: string
  readonly tls?: BrokerTls
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
