import type { IfName } from '#addr/if-name.js'
import type { DesiredNic } from '#nic/desired.js'
import { shieldObjects, shieldRules } from '#nic/firewall/shield-rules.js'
import { type NftFamily, nftFamilies, nftTable } from '#nic/queueing/nft.js'
import { chainNames, shared } from './names.js'
import { refuseBy } from './rule-text.js'

/** Before whatever else filters by default (-200 in `bridge`, 0 in `inet`) has let pass or dropped. */
const shieldPriority: Readonly<Record<NftFamily, number>> = { bridge: -210, inet: -10 }

/** Makes what stands between others and the guest, in the family that sees it; where nothing shall, removes what was. */
export function shieldLines(desired: DesiredNic): readonly string[] {
  const { tap } = desired.nic
  const { shield, host } = chainNames(tap)
  const { bridge, inet, hostInput } = shieldRules(desired)
  return [
    ...shieldObjects(desired),
    ...branchLines({
      family: 'bridge',
      map: shared.toGuest,
      tap,
      chain: shield,
      rules: [...macFilterRules(desired), ...bridge],
    }),
    ...branchLines({ family: 'inet', map: shared.toGuest, tap, chain: shield, rules: inet }),
    ...branchLines({ family: 'inet', map: shared.fromGuest, tap, chain: host, rules: hostInput }),
  ]
}

/** Removes a tap's branches, also when there are none. */
export function removeShieldLines(tap: IfName): readonly string[] {
  const { shield, host } = chainNames(tap)
  return [
    ...nftFamilies.flatMap((family) =>
      noBranchLines({ family, map: shared.toGuest, tap, chain: shield }),
    ),
    ...noBranchLines({ family: 'inet', map: shared.fromGuest, tap, chain: host }),
  ]
}

/** Isolation of networks that share a bridge: hardware addresses of the guest's network begin alike. */
function macFilterRules({ guard: { macFilter }, stance }: DesiredNic): readonly string[] {
  if (macFilter === undefined) return []
  const { prefix, mask } = macFilter
  return [refuseBy(stance)(`ether saddr & ${mask} != ${prefix}`, 'mac-filter')]
}

/** A chain that a verdict map leads to by the tap's name. */
interface Branch {
  readonly family: NftFamily
  readonly map: string
  readonly tap: IfName
  readonly chain: string
}

function branchLines({
  rules,
  ...branch
}: Branch & { readonly rules: readonly string[] }): readonly string[] {
  if (rules.length === 0) return noBranchLines(branch)
  const { family, map, tap } = branch
  const chain = `${family} ${nftTable} ${branch.chain}`
  return [
    ...trunkLines(family, map),
    `add chain ${chain}`,
    `flush chain ${chain}`,
    ...rules.map((rule) => `add rule ${chain} ${rule}`),
    `add element ${family} ${nftTable} ${map} { "${tap}" : jump ${branch.chain} }`,
  ]
}

function noBranchLines({ family, map, tap, chain }: Branch): readonly string[] {
  const table = `${family} ${nftTable}`
  return [
    `add table ${table}`,
    ...mapLines(family, map),
    `add chain ${table} ${chain}`,
    `add element ${table} ${map} { "${tap}" : jump ${chain} }`,
    `delete element ${table} ${map} { "${tap}" }`,
    `flush chain ${table} ${chain}`,
    `delete chain ${table} ${chain}`,
  ]
}

/** The map and the base chains that look into it. */
function trunkLines(family: NftFamily, map: string): readonly string[] {
  const table = `${family} ${nftTable}`
  const hooks =
    map === shared.toGuest
      ? ([
          ['forward', shared.forward, 'oifname'],
          ['output', shared.output, 'oifname'],
        ] as const)
      : ([['input', shared.input, 'iifname']] as const)
  return [
    `add table ${table}`,
    ...mapLines(family, map),
    ...hooks.flatMap(([hook, chain, field]) => [
      `add chain ${table} ${chain} { type filter hook ${hook} priority ${shieldPriority[family]}; policy accept; }`,
      `flush chain ${table} ${chain}`,
      `add rule ${table} ${chain} ${field} vmap @${map}`,
    ]),
  ]
}

function mapLines(family: NftFamily, map: string): readonly string[] {
  return [`add map ${family} ${nftTable} ${map} { type ifname : verdict; }`]
}
