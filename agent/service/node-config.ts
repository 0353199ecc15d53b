import type { ServiceDefaults } from '#binding/resolve.js'
import type { NicConfig } from '#nic/nic-config.js'
import type { ConfigDigest } from './config-digest.js'
import type { consumerFields } from './consumer-fields.js'
import type { FieldValue } from './given-sections.js'
import type { nodeSchema } from './node-schema.js'
import type { scriptFields } from './script-fields.js'

/** How a script is run: each key of {@link scriptFields} with its value. */
export type ScriptConfig = {
  readonly [K in keyof typeof scriptFields]: FieldValue<(typeof scriptFields)[K]>
}

/** Where one consumer's messages go: each key of {@link consumerFields} with its value. */
export type ConsumerConfig = {
  readonly [K in keyof typeof consumerFields]: FieldValue<(typeof consumerFields)[K]>
}

/** The checked configuration of a node: each key of {@link nodeSchema} with its value, and what is beside that table. */
export type NodeConfig = {
  readonly [S in keyof typeof nodeSchema]: {
    readonly [K in keyof (typeof nodeSchema)[S]]: FieldValue<(typeof nodeSchema)[S][K]>
  }
} & {
  /** Instance or network name -> routing prefix. */
  readonly prefixes: ReadonlyMap<string, string>
  /** Sections `[firewall NAME]` by name: key -> text, each checked alone. */
  readonly firewalls: ReadonlyMap<string, Readonly<Record<string, string>>>
  /** Sections `[script NAME]` by name, what they do not say from `[scripts]`. */
  readonly ownScripts: ReadonlyMap<string, ScriptConfig>
  /** Sections `[consumer NAME]` by name, what they do not say from `[consumers]`. */
  readonly ownConsumers: ReadonlyMap<string, ConsumerConfig>
  /** What NICs are told: sections `dhcp`, `ra`, `dhcpv6`, `network NAME`, and `responder.networks`. */
  readonly serving: ServiceDefaults
  /** How NICs are set up: sections `nic`, `network NAME` and `firewall NAME`, and what they are told. */
  readonly nics: NicConfig
  /** What tells it from another one. */
  readonly digest: ConfigDigest
}
