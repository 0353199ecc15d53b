import type { OpStatusBody } from '#event/event.js'
import type { InstanceConfig } from '#ganeti/instance-config.js'

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
      const firewall = firewallOf(config.tags, { index, name, uuid })
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

interface NicNames {
  readonly index: number
  readonly name: string | null
  readonly uuid: string | null
}

/** Of contradicting tags the one that lets the least in; profiles of a site's own stand between. */
const strictness = ['protected', undefined, 'limited', 'unprotected']

/**
 * The profile that tags give a NIC, by the rules of its node (`nic/firewall/tags.ts`): ours go before Synnefo's, a NIC's own before
 * those of all NICs (`*`), and of several that are left the strictest, as far as names tell: only the node knows what a site's own
 * profiles let in.
 */
function firewallOf(tags: readonly string[], { index, name, uuid }: NicNames): string | undefined {
  const own = [String(index), name, uuid]
  for (const origin of ['okeanid:firewall', 'synnefo:network']) {
    const meant = tags
      .filter((tag) => tag.startsWith(`${origin}:`))
      .map((tag) => tag.slice(origin.length + 1).split(':'))
      .filter(([nic, profile, ...rest]) => nic && profile && rest.length === 0)
    const ownMeant = meant.filter(([nic = '']) => own.includes(nic))
    const left = ownMeant.length > 0 ? ownMeant : meant.filter(([nic]) => nic === '*')
    const [strictest] = left.map(([, profile = '']) => profile).toSorted(byStrictness)
    if (strictest !== undefined) return strictest
  }
  return undefined
}

function byStrictness(a: string, b: string): number {
  return rank(a) - rank(b) || (a < b ? -1 : 1)
}

function rank(profile: string): number {
  const known = strictness.indexOf(profile)
  return known < 0 ? strictness.indexOf(undefined) : known
}
