import type { JsonObject } from '#ganeti/json-value.js'

/** A NIC as Ganeti has it, out of a message of ours or of Synnefo's, or an answer of RAPI. */
export interface ToldNic {
  /** Its place among the instance's NICs. */
  readonly index: number
  readonly name: string | undefined
  readonly uuid: string | undefined
  readonly mac: string | undefined
  readonly ip: string | undefined
  /** Ganeti's name of its network. */
  readonly network: string | undefined
  readonly mode: string | undefined
  readonly link: string | undefined
  /** Null: no tag gives it one. */
  readonly firewall: string | null
}

/** The NICs of a message; what is no text counts as not told. */
export function toldNics(nics: readonly JsonObject[]): readonly ToldNic[] {
  return nics.map((nic, index) => ({
    index,
    name: textOf(nic, 'name'),
    uuid: textOf(nic, 'uuid'),
    mac: textOf(nic, 'mac')?.toLowerCase(),
    ip: textOf(nic, 'ip'),
    network: textOf(nic, 'network'),
    mode: textOf(nic, 'mode'),
    link: textOf(nic, 'link'),
    firewall: textOf(nic, 'firewall') ?? null,
  }))
}

function textOf(nic: JsonObject, key: string): string | undefined {
  const value = nic[key]
  return typeof value === 'string' && value !== '' ? value : undefined
}
