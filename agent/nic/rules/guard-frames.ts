import type { Guard } from '#nic/desired.js'
import { macDigits, noneOf, type Refuse } from './rule-text.js'

/** Group addresses have the lowest bit of the first byte (IEEE 802). */
const groupBit = '01:00:00:00:00:00'

/** What every frame must be, before any protocol is looked at. Tagged frames that may pass are not looked at further. */
export function frameRules(
  { macs, groupRate, taggedVlans }: Guard,
  refuse: Refuse,
): readonly string[] {
  return [
    refuse(noneOf('ether saddr', macs), 'ethernet-source'),
    ...(groupRate === undefined
      ? []
      : [
          refuse(
            `ether daddr & ${groupBit} == ${groupBit} limit rate over ${groupRate.perSecond}/second burst ${groupRate.burst} packets`,
            'group-rate',
          ),
        ]),
    ...vlanRules(taggedVlans, refuse),
  ]
}

/** The last rules: nothing but what is named. The RARP is qemu's, which tells bridges where a guest has moved to. */
export function etherTypeRules({ macs, etherTypes }: Guard, refuse: Refuse): readonly string[] {
  const numbers = macs.map((mac) => `0x${macDigits(mac)}`)
  const allowed = [
    'arp',
    '0x8035',
    ...etherTypes.map((type) => `0x${type.toString(16).padStart(4, '0')}`),
  ]
  return [
    refuse(`ether type 0x8035 ${noneOf('@nh,64,48', numbers)}`, 'rarp'),
    refuse(noneOf('ether type', allowed), 'ether-type'),
  ]
}

/**
 * The type is what stands on the wire; the protocol is what stands behind the first tag, so a second tag is seen by it: a
 * switch that takes the first one off would deliver into the VLAN of the second.
 */
function vlanRules(vlans: readonly number[], refuse: Refuse): readonly string[] {
  const provider = refuse('ether type 8021ad', 'vlan')
  if (vlans.length === 0) return [refuse('ether type 8021q', 'vlan'), provider]
  return [
    refuse(noneOf('vlan id', vlans.map(String)), 'vlan'),
    refuse('ether type 8021q meta protocol 8021q', 'vlan'),
    refuse('ether type 8021q meta protocol 8021ad', 'vlan'),
    'ether type 8021q accept',
    provider,
  ]
}
