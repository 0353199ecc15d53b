import { formatCidr } from '#addr/cidr.js'
import { parseIfName } from '#addr/if-name.js'
import type { Binding } from '#binding/binding.js'
import { bindingVersion } from '#binding/binding-file.js'
import type { DesiredNic } from './desired.js'
import type { Nic } from './nic.js'

/** The file that tells the responder of a NIC (docs/bindings.md). */
export function bindingText({ nic }: Pick<DesiredNic, 'nic'>): string {
  const { network, name } = nic
  const file = {
    version: bindingVersion,
    tap: nic.tap,
    mac: nic.mac,
    instance: nic.instance,
    nic: { index: nic.index, ...(name === undefined ? {} : { name }), uuid: nic.uuid },
    mode: nic.mode,
    ...(nic.link === '' ? {} : { link: nic.link }),
    ...(network === undefined ? {} : { network: networkText(network) }),
    ip: nic.ip,
    ip6: nic.ip6,
  }
  return `${JSON.stringify(file)}\n`
}

/** What the responder makes of that file. */
export function bindingOf(nic: Nic): Binding {
  const isPlugged = nic.mode === 'bridged' || nic.mode === 'openvswitch'
  return {
    source: 'okeanid',
    tap: nic.tap,
    mac: nic.mac,
    instance: nic.instance,
    nic: nic.name ?? String(nic.index),
    mode: nic.mode,
    sourceDevice: (isPlugged ? parseIfName(nic.link) : undefined) ?? nic.tap,
    network: nic.network,
    ip: nic.ip,
    ip6: nic.ip6,
    hostname: nic.instance,
    delegatedPrefix: undefined,
    settings: {},
  }
}

function networkText({
  name,
  uuid,
  tags,
  subnet,
  gateway,
  subnet6,
  gateway6,
}: NonNullable<Nic['network']>): Readonly<Record<string, unknown>> {
  return {
    name,
    uuid,
    tags,
    subnet: subnet && formatCidr(subnet),
    gateway,
    subnet6: subnet6 && formatCidr(subnet6),
    gateway6,
  }
}
