import type { Guard } from '#nic/desired.js'
import {
  etherTypeField,
  etherTypes,
  macDigits,
  noneOf,
  ofEtherType,
  type Refuse,
} from './rule-text.js'

/** Group addresses have the lowest bit of the first byte (IEEE 802). */
const toGroup = '@ll,0,8 & 0x01 == 0x01'

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
            `${toGroup} limit rate over ${groupRate.perSecond}/second burst ${groupRate.burst} packets`,
            'group-rate',
          ),
        ]),
    ...vlanRules(taggedVlans, refuse),
  ]
}

/** The last rules: nothing but what is named. The RARP is qemu's, which tells bridges where a guest has moved to. */
export function etherTypeRules(
  { macs, etherTypes: others }: Guard,
  refuse: Refuse,
): readonly string[] {
  const allowed = [
    etherTypes.arp,
    etherTypes.rarp,
    ...others.map((type) => `0x${type.toString(16).padStart(4, '0')}`),
  ]
  return [
    refuse(`${ofEtherType('rarp')} ${noneOf('@nh,64,48', numbersOf(macs))}`, 'rarp'),
    refuse(noneOf(etherTypeField, allowed), 'ether-type'),
  ]
}

function numbersOf(macs: Guard['macs']): readonly string[] {
  return macs.map((mac) => `0x${macDigits(mac)}`)
}

/**
 * The type is what stands on the wire; the protocol is what stands behind the first tag, so a second tag is seen by it: a
 * switch that takes the first one off would deliver into the VLAN of the second.
 */
function vlanRules(vlans: readonly number[], refuse: Refuse): readonly string[] {
  const isTagged = ofEtherType('vlan')
  const provider = refuse(ofEtherType('providerVlan'), 'vlan')
  if (vlans.length === 0) return [refuse(isTagged, 'vlan'), provider]
  return [
    refuse(noneOf('vlan id', vlans.map(String)), 'vlan'),
    refuse(`${isTagged} meta protocol 8021q`, 'vlan'),
    refuse(`${isTagged} meta protocol 8021ad`, 'vlan'),
    `${isTagged} accept`,
    provider,
  ]
}
