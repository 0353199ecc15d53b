import { parseCidr6 } from '#addr/cidr.js'
import { eui64Address } from '#addr/eui64.js'
import { parseMac } from '#addr/mac.js'
import type { Event } from '#event/event.js'
import { netMessageId, netOfOpMessageId } from '#event/message-id.js'
import type { NetFact } from '#event/net-fact.js'
import { routingPrefix } from '#event/routing.js'
import type { HookValues, PostHook } from '#ganeti/hook-environment.js'
import { type HookNic, nicsAfter } from '#ganeti/hook-nics.js'
import type { InstanceConfig } from '#ganeti/instance-config.js'
import type { JobId } from '#ganeti/job.js'
import type { JsonObject } from '#ganeti/json-value.js'
import { isNetOpcode } from './hooked-op.js'
import { profileOf } from './nic-profile.js'
import type { Cluster } from './op-event.js'

/** The op that a message belongs to. */
export interface ToldOp {
  readonly jobId: JobId
  readonly opIndex: number
  /** As in the id of the message that tells its success. */
  readonly key: string
}

/**
 * The message that tells the NICs of an instance after an operation: keys of Synnefo's hook (until 0.13), and more. A key whose value is
 * not known is left out, as there.
 *
 * @param op the op whose success it belongs to; undefined when nobody could tell: then the id is the hook's own
 * @param node where the hook ran
 */
export function netEvent(
  cluster: Cluster,
  {
    fact,
    op,
    node,
  }: { readonly fact: NetFact; readonly op: ToldOp | undefined; readonly node: string },
): Event {
  const { id, timeMs, opcode, instance, tags, nics } = fact
  return {
    messageId:
      op === undefined ? netMessageId(node, id) : netOfOpMessageId(cluster.uuid, op.jobId, op.key),
    routingPrefix: routingPrefix(instance, cluster.prefixes),
    subject: instance,
    body: {
      type: 'ganeti-net-status',
      event_time: [Math.floor(timeMs / 1000), Math.trunc(timeMs % 1000) * 1000],
      cluster: cluster.name,
      instance,
      operation: opcode,
      jobId: op?.jobId ?? null,
      op_index: op?.opIndex ?? null,
      nics: nics.map((nic) => nicJson(nic, tags)),
    },
  }
}

/** What a hook tells of NICs; undefined when it is of no operation after which they are told. */
export function netFactOf(
  { opcode, instance }: PostHook,
  {
    id,
    timeMs,
    values,
  }: { readonly id: string; readonly timeMs: number; readonly values: HookValues },
): NetFact | undefined {
  if (instance === undefined || !isNetOpcode(opcode)) return undefined
  const { name, nameBefore, tags } = instance
  return {
    ...{ kind: 'net', id, timeMs, opcode, nameBefore, instance: name },
    ...{ tags, nics: nicsAfter(values) },
  }
}

/** What the configuration says now of an instance of whose operation no hook told; `timeMs` is from before it was read. */
export function factOfConfig(
  { tags, nics }: InstanceConfig,
  {
    opcode,
    instance,
    timeMs,
  }: { readonly opcode: string; readonly instance: string; readonly timeMs: number },
): NetFact {
  return {
    kind: 'net',
    ...{ id: '', timeMs, opcode, nameBefore: instance, instance, tags },
    nics: nics.map(({ uuid, name, mac, ip, mode, link, network }, index) => ({
      ...{ index, uuid: uuid ?? undefined, name: name ?? undefined, mac: mac ?? undefined },
      ...{ ip: ip ?? undefined, mode: mode ?? undefined, link: link ?? undefined },
      ...{ vlan: undefined, network: network ?? undefined, subnet6: undefined },
    })),
  }
}

function nicJson(nic: HookNic, tags: readonly string[]): JsonObject {
  const { index, uuid, name, mac, ip, mode, link, vlan, network, subnet6 } = nic
  const known = {
    ...{ ip, mac, link, network, ipv6: ipv6Of(subnet6, mac), firewall: profileOf(tags, nic) },
    ...{ uuid, name, mode, vlan },
  }
  const told = Object.entries(known).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value] as const],
  )
  return { index, ...Object.fromEntries(told) }
}

/** The address that the guest makes itself there, as Synnefo's hook had it. */
function ipv6Of(subnet6: string | undefined, mac: string | undefined): string | undefined {
  const network = parseCidr6(subnet6 ?? '')
  const hardware = parseMac(mac ?? '')
  return network && hardware && eui64Address(network, hardware)
}
