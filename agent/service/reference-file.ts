import { networkSettingFields } from '#binding/network-setting-fields.js'
import { referenceComment as comment, referenceEntry as entry } from './reference-text.js'
import { sections } from './sections.js'

const opening = `# Okeanid on a Ganeti node: /etc/okeanid/okeanid.ini
#
# Every key with its default. Files /etc/okeanid/okeanid.d/*.ini are read after this one, in name order. A section or
# key that does not exist is an error: okeanid config check says which. okeanid config show prints what holds.
# Lengths of time have a unit (500ms, 10s, 5m, 1h, 7d), sizes may have one (64K, 8M, 1G).
`

/** What stands before the first key of a section. */
const aboutSection: ReadonlyMap<string, string> = new Map([
  [
    'dhcp',
    'What guests are told by DHCPv4, and what router advertisements and DHCPv6 tell alike. These are the defaults: sections [network NAME], tags of networks and the files of single NICs may say otherwise.',
  ],
  [
    'scripts',
    'The administrator’s scripts for post hooks (docs/hooks.md). What follows is for all of them.',
  ],
  [
    'consumers',
    'Where okeanid events forward NAME brings messages (docs/consumers.md): for all of them; each has a section [consumer NAME].',
  ],
  ['ra', 'Router advertisements.'],
  [
    'nic',
    'How NICs are set up and isolated (docs/nic-setup.md). These are the defaults: sections [network NAME] and tags of networks may say otherwise.',
  ],
])

/** Keys whose names end with a number. */
const numbered: ReadonlyMap<string, string> = new Map([
  [
    'dhcp',
    `# Network boot: boot_1, boot_2 …; the first that fits a guest wins. arch are numbers of RFC 4578 (7 and 9: UEFI,
# 16: UEFI HTTP), class is part of the user class that boot loaders send.
;boot_1 = arch:7+9 server:192.0.2.5 file:ipxe.efi

# Any other option of DHCPv4 by its number: hex:0a0b, text:words, ip:192.0.2.1, domain:example.com, u8:1, u16:1
# or u32:1. It stands for our own value of this option, if there is one.
;option_224 = text:anything
`,
  ],
  [
    'dhcpv6',
    `# Any other option of DHCPv6 by its number.
;dhcpv6_option_94 = hex:00
`,
  ],
])

const ending = `# Sections of single networks, by name or UUID: every key of [nic], [dhcp], [ra] and [dhcpv6] (there mode is called
# dhcpv6), when_down, and those below.
;[network net-public]

`

const firewalls = `# Firewall profiles of your own: what may reach a guest unasked. Tags of instances choose one for a NIC, by index, name
# or UUID: okeanid:firewall:0:web. There are unprotected, limited and protected; a section of such a name takes its place.
;[firewall web]

# Services, separated by commas: tcp/80, udp/5000-5010, tcp/22 from 192.0.2.0/24, 47 (a protocol by number); none; or all.
;inbound = tcp/80, tcp/443

# essential: errors, echo requests, neighbour discovery, what multicast needs; all: every ICMP.
;icmp = essential
`

const ownScripts = `# Sections of single scripts, by the name of the file or that without its number: every key of [scripts] from user on.
;[script 50-dns-update]

`

const ownConsumers = `# Sections of single consumers, by name: every key of [consumers].
;[consumer chat]

`

const prefixes = `[prefixes]

# Routing prefix of instances or networks whose names do not begin with it: name = prefix
;web1.example.com = web
`

/** The text of `etc/okeanid.ini`: every key with its default and what it means. */
export function referenceFile(): string {
  const blocks = [opening]
  for (const [section, keys] of sections()) {
    const about = aboutSection.get(section)
    blocks.push(`[${section}]\n${about === undefined ? '' : `\n${comment(about)}`}`)
    for (const [key, { doc, defaultText }] of keys) blocks.push(entry(key, { doc, defaultText }))
    blocks.push(...(numbered.has(section) ? [numbered.get(section) ?? ''] : []))
  }
  const networkKeys = networkSettingFields.filter(({ section }) => section === 'network')
  const own = networkKeys.map(({ name, doc, defaultText }) => entry(name, { doc, defaultText }))
  return [
    ...blocks,
    firewalls,
    ownScripts,
    ownConsumers,
    prefixes,
    `${ending}${own.join('\n')}`,
  ].join('\n')
}
