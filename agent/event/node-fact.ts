import { formatJson, type JsonValue } from '#ganeti/json-value.js'
import { err, ok, type Result } from '#result.js'

/** What a node saw of one of its NICs or guests: all that its teller knows. Who sends it adds the node and the cluster. */
export type NodeFact = NicFact | InstanceFact

/** How a NIC stands. `dhcp`: it got its first DHCPACK since it came up. */
export type NicStatus = 'up' | 'down' | 'repaired' | 'failed' | 'dhcp'

/** How a guest's QEMU stands on this node. */
export type InstanceStatus = 'started' | 'paused' | 'resumed' | 'exited'

/** Something that happened to a NIC. */
export interface NicFact {
  readonly kind: 'nic'
  readonly status: NicStatus
  readonly instance: string
  /** What was repaired, why it failed; at most {@link maxReasonLength} characters. */
  readonly reason: string | undefined
  readonly nic: FactNic
}

/** The NIC as messages show it. */
export interface FactNic {
  readonly tap: string
  readonly mac: string
  /** Place within the instance; undefined where the teller does not know. */
  readonly index: number | undefined
  readonly name: string | undefined
  readonly uuid: string | undefined
  readonly mode: string | undefined
  readonly link: string | undefined
  readonly ip: string | undefined
  readonly ip6: string | undefined
  /** Name of its Ganeti network. */
  readonly network: string | undefined
}

/** Something that happened to a guest. */
export interface InstanceFact {
  readonly kind: 'instance'
  readonly status: InstanceStatus
  readonly instance: string
  /** Why it exited, where that is known. */
  readonly reason: string | undefined
}

/** A fact with what tells it from all others of its node. */
export interface ToldFact {
  /** `<boot id>.<what is unique in this boot>`: letters, digits, dashes and dots. */
  readonly id: string
  /** Unix time. */
  readonly timeMs: number
  readonly fact: NodeFact
}

/** Longest text of a reason in a message. */
export const maxReasonLength = 500

/** Longest file of a fact that is read. */
export const maxFactBytes = 32_768

const version = 1
const nicStatuses: readonly NicStatus[] = ['up', 'down', 'repaired', 'failed', 'dhcp']
const instanceStatuses: readonly InstanceStatus[] = ['started', 'paused', 'resumed', 'exited']

/** The text of a file that holds a fact until the events role takes it: one line of JSON in ASCII. */
export function formatFact({ id, timeMs, fact }: ToldFact): string {
  const { kind, status, instance, reason } = fact
  const nic = fact.kind === 'nic' ? { nic: nicJson(fact.nic) } : {}
  return `${formatJson({
    version,
    id,
    time_ms: Math.trunc(timeMs),
    kind,
    status,
    instance,
    reason: reason === undefined ? null : cut(reason),
    ...nic,
  })}\n`
}

/** The NIC as JSON shows it: in files and in messages. What is not known is null. */
export function nicJson(nic: FactNic): Readonly<Record<string, JsonValue>> {
  const { index, name, uuid, mac, ip, ip6, network, mode, link, tap } = nic
  return {
    index: index ?? null,
    name: name ?? null,
    uuid: uuid ?? null,
    mac,
    ip: ip ?? null,
    ip6: ip6 ?? null,
    network: network ?? null,
    mode: mode ?? null,
    link: link ?? null,
    tap,
  }
}

/** Reads what {@link formatFact} wrote. Total: never throws, whatever the text. */
export function parseFact(text: string): Result<ToldFact, string> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return err('is not JSON')
  }
  if (!isRecord(value)) return err('is no object')
  if (value['version'] !== version) return err(`is not of version ${version}`)
  const { id, time_ms: timeMs, instance } = value
  if (typeof id !== 'string' || !/^[A-Za-z0-9.-]{1,100}$/.test(id)) return err('has a bad id')
  if (typeof timeMs !== 'number' || !Number.isSafeInteger(timeMs) || timeMs < 0)
    return err('has a bad time_ms')
  if (typeof instance !== 'string' || !isName(instance)) return err('has a bad instance')
  const reason = optionalText(value['reason'])
  const fact =
    value['kind'] === 'nic'
      ? nicFact(value, { instance, reason })
      : value['kind'] === 'instance'
        ? instanceFact(value, { instance, reason })
        : undefined
  return fact === undefined
    ? err('has a kind, status or nic that is not known')
    : ok({ id, timeMs, fact })
}

type Common = Pick<NodeFact, 'instance' | 'reason'>

function nicFact(value: Record<string, unknown>, common: Common): NicFact | undefined {
  const status = nicStatuses.find((word) => word === value['status'])
  const { nic } = value
  if (status === undefined || !isRecord(nic)) return undefined
  const { tap, mac, index } = nic
  if (typeof tap !== 'string' || typeof mac !== 'string' || !isName(tap) || !isName(mac))
    return undefined
  const text = (key: string): string | undefined => optionalText(nic[key])
  return {
    kind: 'nic',
    status,
    ...common,
    nic: {
      tap,
      mac,
      index: typeof index === 'number' && Number.isSafeInteger(index) ? index : undefined,
      name: text('name'),
      uuid: text('uuid'),
      mode: text('mode'),
      link: text('link'),
      ip: text('ip'),
      ip6: text('ip6'),
      network: text('network'),
    },
  }
}

function instanceFact(value: Record<string, unknown>, common: Common): InstanceFact | undefined {
  const status = instanceStatuses.find((word) => word === value['status'])
  return status && { kind: 'instance', status, ...common }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isName(text: string): boolean {
  return text !== '' && text.length <= 253
}

function optionalText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? cut(value) : undefined
}

function cut(text: string): string {
  return text.length <= maxReasonLength ? text : `${text.slice(0, maxReasonLength - 3)}...`
}
