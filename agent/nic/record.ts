import { parseIfName } from '#addr/if-name.js'
import { parseIpv4 } from '#addr/ipv4.js'
import { parseIpv6 } from '#addr/ipv6.js'
import { type Environment, nicEnvironment, parseNicEnvironment } from '#ganeti/nic-environment.js'
import { err, ok, type Result } from '#result.js'
import type { Stance } from './desired.js'
import { nicOfWords } from './ganeti-nic.js'
import { objectOf, parseJson } from './json.js'
import type { Left } from './left.js'
import type { Nic } from './nic.js'

/** What is remembered of a NIC that was set up: one file for each tap, which outlives restarts of everything. */
export interface NicRecord {
  /** As Ganeti gave it; with the instance's tags, which nothing else on the node knows. */
  readonly nic: Nic
  readonly stance: Stance
  /** The tap's index when it was set up: another one is another tap. */
  readonly ifindex: number
  /** Unix time, whole seconds. */
  readonly atSeconds: number
  /** {@link NicConfig.fingerprint} of what it was decided by. */
  readonly config: string
  /** Digest of the script that made its rules; undefined where a record of an older version does not say. */
  readonly scriptDigest: string | undefined
  /** Digest of the rules as the kernel took them; undefined where it did not say. */
  readonly rulesDigest: string | undefined
  /** When it was found running, Unix seconds: it is observed until an operator says otherwise. Undefined: we set it up. */
  readonly adoptedAtSeconds: number | undefined
  readonly left: Left
}

/** The version of the format that is read and written. */
export const recordVersion = 1

/** The text of a record's file. */
export function formatNicRecord({ nic, ...record }: NicRecord): string {
  const { instanceTags } = nic
  const file = {
    version: recordVersion,
    ...record,
    hasTags: instanceTags !== undefined,
    nic: nicEnvironment(wordsOf(nic)),
  }
  return `${JSON.stringify(file, undefined, 1)}\n`
}

/** The variables that Ganeti would say of a NIC: what scripts of the administrator's are given. */
export function environmentOf(nic: Nic): Readonly<Record<string, string>> {
  return nicEnvironment(wordsOf(nic))
}

/** Reads what {@link formatNicRecord} wrote. Never throws. */
export function parseNicRecord(text: string): Result<NicRecord, string> {
  const file = objectOf(parseJson(text))
  if (file['version'] !== recordVersion)
    return err(`wants a JSON object of version ${recordVersion}`)
  const found = parseNicEnvironment(textsOf(file['nic']), {})
  if (found.kind !== 'nic') {
    return err(
      found.kind === 'faulty' ? `nic: ${found.problems.join('; ')}` : 'nic: is none of ours',
    )
  }
  const nic = nicOfWords(found.words)
  const { ifindex, atSeconds, config, scriptDigest, rulesDigest, adoptedAtSeconds } = file
  const stance = (['enforce', 'observe', 'disabled'] as const).find(
    (word) => word === file['stance'],
  )
  const left = parseLeft(file['left'], nic)
  if (stance === undefined) return err('stance: wants enforce, observe or disabled')
  if (!isCount(ifindex) || !isCount(atSeconds)) return err('ifindex, atSeconds: want whole numbers')
  if (typeof config !== 'string') return err('config: wants a text')
  if (left === undefined) return err('left: is not understood')
  return ok({
    nic: file['hasTags'] === true ? nic : { ...nic, instanceTags: undefined },
    stance,
    ifindex,
    atSeconds,
    config,
    scriptDigest: typeof scriptDigest === 'string' ? scriptDigest : undefined,
    rulesDigest: typeof rulesDigest === 'string' ? rulesDigest : undefined,
    adoptedAtSeconds: isCount(adoptedAtSeconds) ? adoptedAtSeconds : undefined,
    left,
  })
}

function wordsOf(nic: Nic): Parameters<typeof nicEnvironment>[0] {
  const { network, instanceTags } = nic
  return {
    ...nic,
    instanceTags: instanceTags ?? [],
    network:
      network?.name === undefined || network.uuid === undefined
        ? undefined
        : { ...network, name: network.name, uuid: network.uuid },
  }
}

function parseLeft(value: unknown, { tap }: Nic): Left | undefined {
  const { lookups, proxies, privateBridge, ovsBridge, script } = objectOf(value)
  if (!Array.isArray(lookups) || !Array.isArray(proxies)) return undefined
  const entries = proxies.flatMap((proxy: unknown) => {
    const { address, device } = objectOf(proxy)
    const ip = parseIpv4(String(address)) ?? parseIpv6(String(address))
    const name = parseIfName(String(device))
    return ip === undefined || name === undefined ? [] : [{ address: ip, device: name }]
  })
  return {
    tap,
    lookups: ([4, 6] as const).filter((family) => lookups.includes(family)),
    proxies: entries,
    privateBridge: parsePrivateBridge(privateBridge),
    ovsBridge: typeof ovsBridge === 'string' ? parseIfName(ovsBridge) : undefined,
    script: typeof script === 'string' ? script : undefined,
  }
}

function parsePrivateBridge(value: unknown): Left['privateBridge'] {
  const { bridge, vlan } = objectOf(value)
  const { uplink, device, id } = objectOf(vlan)
  const [name, below, own] = [bridge, uplink, device].map((text) => parseIfName(String(text)))
  const isGood = value !== undefined && name !== undefined && below !== undefined
  return isGood && own !== undefined && isCount(id)
    ? { bridge: name, vlan: { uplink: below, device: own, id } }
    : undefined
}

function textsOf(value: unknown): Environment {
  const texts = Object.entries(objectOf(value)).flatMap(([name, text]) =>
    typeof text === 'string' ? [[name, text] as const] : [],
  )
  return Object.fromEntries(texts)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
