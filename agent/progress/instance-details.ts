import type { OpStatusBody } from '#event/event.js'
import type { InstanceConfig } from '#ganeti/instance-config.js'
import { profileOf } from './nic-profile.js'

type DetailKey =
  | 'instance_nics'
  | 'instance_disks'
  | 'instance_hvparams'
  | 'instance_tags'
  | 'instance_serial_no'

/**
 * What messages say of an instance beside the op: keys and shapes of Synnefo's eventd, and its tags and serial number.
 *
 * `firewall` stands only at NICs for which a tag says something.
 */
export function instanceDetails(config: InstanceConfig): Pick<OpStatusBody, DetailKey> {
  return {
    instance_nics: config.nics.map((nic, index) => {
      const { name, uuid, network, ip, mac, mode, link } = nic
      const firewall = profileOf(config.tags, { index, name, uuid })
      return {
        name,
        uuid,
        network,
        ip,
        mac,
        mode,
        link,
        ...(firewall === undefined ? {} : { firewall }),
      }
    }),
    instance_disks: config.disks.map(({ name, uuid, sizeMebibytes }) => ({
      name,
      size: sizeMebibytes,
      uuid,
    })),
    instance_hvparams: {
      boot_order: config.bootOrder,
      cdrom_image_path: config.cdromImagePath,
    },
    instance_tags: [...config.tags],
    instance_serial_no: config.serialNo,
  }
}
