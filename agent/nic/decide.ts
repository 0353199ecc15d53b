import type { Cidr6 } from '#addr/cidr.js'
import { readNetworkTags } from '#binding/network-tags.js'
import { type CompleteSettings, mergeSettings } from '#binding/settings.js'
import { err, ok, type Result } from '#result.js'
import { attachmentOf } from './decide-attachment.js'
import { guardOf } from './decide-guard.js'
import type { DesiredNic, Stance } from './desired.js'
import { allowsOf } from './firewall/allows.js'
import { firewallOf } from './firewall/tags.js'
import type { MergedNic } from './merged-nic.js'
import type { Nic } from './nic.js'
import type { NicConfig } from './nic-config.js'
import { ownPrefixOf } from './own-prefix.js'
import type { CompleteSetup } from './setup-settings.js'
import { readSetupTags, stanceOfTags } from './setup-tags.js'

/**
 * Decides everything for a NIC: the configuration's defaults, over them its section of the network and the network's tags.
 *
 * @param stance what an operator said for this NIC, its network or node; undefined for what is configured
 * @returns the problem, a sentence of printable ASCII, of a NIC for which what is asked cannot be kept
 */
export function decideNic(
  nic: Nic,
  { config, stance }: { readonly config: NicConfig; readonly stance: Stance | undefined },
): Result<DesiredNic, string> {
  const setup = setupOf(nic, config)
  const own = ownPrefixOf(nic, setup)
  if (!own.ok) return own
  const merged: MergedNic = {
    nic: withOwnPrefix(nic, own.value),
    setup,
    settings: settingsOf(nic, config),
    allows: allowsOf(nic),
    ownPrefix: own.value,
    serving: config.serving,
  }
  const attachment = attachmentOf(merged)
  if (!attachment.ok) return attachment
  const guard = guardOf(merged, attachment.value)
  if (!guard.ok) return guard
  const firewall = firewallOf(nic, { ...config.profiles, standard: setup.firewall })
  const obstacle = firewall.inbound.kind === 'all' ? undefined : firewallObstacles[nic.mode]
  if (obstacle !== undefined) {
    return err(`firewall profile ${firewall.profile} cannot be kept ${obstacle}`)
  }
  return ok({
    nic: merged.nic,
    stance: stance ?? stanceOfTags(nic.instanceTags ?? []) ?? setup.stance,
    attachment: attachment.value,
    guard: guard.value,
    firewall,
  })
}

/** Why nothing can stand between others and the guest in some modes, and what to do: a NIC without the firewall that it was given must not start. */
const firewallObstacles: Readonly<Partial<Record<Nic['mode'], string>>> = {
  openvswitch:
    'on Open vSwitch: the kernel tracks no connections of its ports; use a bridge, or the profile unprotected',
  ext: 'in mode ext: only its script knows where frames for the guest come from; use mode bridged or routed, or the profile unprotected',
}

/** What is configured for the set-up of a NIC, with the sections and tags of its network merged. */
export function setupOf({ network }: Nic, { setup, networks }: NicConfig): CompleteSetup {
  const section = networks.get(network?.name ?? '') ?? networks.get(network?.uuid ?? '') ?? {}
  return { ...setup, ...section, ...readSetupTags(network?.tags ?? []).settings }
}

/** The network as the NIC alone sees it. */
function withOwnPrefix(nic: Nic, subnet6: Cidr6 | undefined): Nic {
  if (nic.network === undefined || subnet6 === undefined) return nic
  return { ...nic, network: { ...nic.network, subnet6 } }
}

function settingsOf({ network }: Nic, { serving }: NicConfig): CompleteSettings {
  const { settings, networks } = serving
  const section = networks.get(network?.name ?? '') ?? networks.get(network?.uuid ?? '') ?? {}
  return mergeSettings(settings, [section, readNetworkTags(network?.tags ?? []).settings])
}
