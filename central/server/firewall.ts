import { Fault } from '#central/api/fault.js'
import { addTags, removeTags } from '#central/intent/requests.js'
import type { Change } from '#central/store/store.js'
import { findPort } from './connect-server.js'
import type { ServerRoom } from './server-room.js'
import { beginTask, lockIdle, type Wish } from './task.js'

/** Synnefo's profiles, and the tag of each at Ganeti: the names are theirs, and not what one expects. */
export const firewallTags = {
  ENABLED: 'protected',
  PROTECTED: 'limited',
  DISABLED: 'unprotected',
} as const

/** A profile of Synnefo's firewall. */
export type FirewallProfile = keyof typeof firewallTags

/** The profile of a tag; what is none of them is shown as it is. */
export function firewallProfileOf(tag: string): string {
  return Object.entries(firewallTags).find(([, one]) => one === tag)?.[0] ?? tag
}

/**
 * Gives a port another firewall profile. The new tag is there before the old one goes: at no moment is there none.
 * @param portId undefined: the first port of the server
 */
export async function setFirewall(
  tx: Change,
  room: ServerRoom,
  {
    profile,
    portId,
    ...wish
  }: Wish & { readonly profile: FirewallProfile; readonly portId: string | undefined },
): Promise<void> {
  const powers = ['STARTED', 'STOPPED'] as const
  const row = await lockIdle(tx, { room, wish, action: 'firewallProfile', powers })
  const first = await tx
    .selectFrom('ports')
    .select('id')
    .where('server_id', '=', row.id)
    .orderBy('id')
    .executeTakeFirst()
  const wanted = portId ?? (first === undefined ? '' : String(first.id))
  const port = await findPort(tx, row, { portId: wanted })
  if (port.nic_name === '') {
    throw new Fault('conflictingRequest', 'a NIC without a name can bear no firewall profile')
  }
  const start = `synnefo:network:${port.nic_name}:`
  const known = row.tags === '' ? [] : (JSON.parse(row.tags) as readonly string[])
  const tag = `${start}${firewallTags[profile]}`
  const old = known.filter((one) => one.startsWith(start) && one !== tag)
  const name = row.instance_name
  const adding = { kind: 'firewall', request: addTags(name, [tag]) } as const
  const removing = { kind: 'firewall', request: removeTags(name, old) } as const
  const steps = old.length === 0 ? [adding] : [adding, removing]
  await beginTask(tx, { room, row, task: 'FIREWALL', steps })
}
