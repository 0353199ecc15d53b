import { macNumber, parseMac } from '#addr/mac.js'
import { parseBinding } from '#binding/binding-file.js'
import { resolveService } from '#binding/resolve.js'
import { type CompiledNic, compileNic } from '#responder/compiled-nic.js'
import { parseConfig } from '#service/config.js'

/** Everything that a site may switch on. */
const config = `
[dhcp]
nameservers = 192.0.2.53, 192.0.2.54, 2001:db8::53
search = example.org, sub.example.net
ntp = 192.0.2.123, 2001:db8::123
rapid_commit = yes
v6only_wait = 1800s
metadata_route = yes
captive_portal = https://portal.example.org/api
boot_1 = arch:7+9 server:192.0.2.5 file:ipxe.efi
boot_2 = arch:16 file:http://192.0.2.5/boot.efi
option_224 = text:hello
[ra]
pref64 = 64:ff9b::/96
[dhcpv6]
mode = stateful
sol_max_rt = 2h
dhcpv6_option_94 = hex:00
`

const network = {
  name: 'n',
  tags: ['nfdhcpd', 'okeanid:ra', 'okeanid:dhcpv6'],
  subnet: '192.0.2.0/24',
  gateway: '192.0.2.1',
  subnet6: '2001:db8:1::/64',
  gateway6: '2001:db8:1::1',
}

const kinds: readonly Readonly<Record<string, unknown>>[] = [
  { mode: 'routed', link: 't', ip: '192.0.2.7', ip6: '2001:db8:1::10', network },
  { mode: 'bridged', link: 'br0', ip: '192.0.2.7', network },
  { mode: 'bridged', link: 'br0', network },
  { mode: 'routed', link: 't', ip: '192.0.2.7', network: { ...network, subnet: '192.0.2.7/32' } },
  { mode: 'routed', link: 't', ip: '192.0.2.7', network, delegated_prefix: '2001:db8:f00::/56' },
  { mode: 'bridged', link: 'br0', ip: '192.0.2.7', network: { ...network, tags: [] } },
]

const device = { sourceMac: 0xfe0000000001, mtu: 1500 }

/** NICs of each kind that have this hardware address. */
export function fuzzedNics(macText: string): readonly CompiledNic[] {
  const { serving } = parseConfig([{ file: 'fuzz.ini', text: config }]).config
  return kinds.map((kind) => {
    const binding = parseBinding(
      JSON.stringify({
        version: 1,
        tap: 'tap0',
        mac: macText,
        instance: 'vm1.example.org',
        nic: { index: 0 },
        ...kind,
      }),
    )
    if (!binding.ok)
      throw new Error(binding.problem.map(({ key, message }) => `${key} ${message}`).join())
    return compileNic(resolveService(binding.value, serving).service, device)
  })
}

/** The number of a hardware address that a test names. */
export function macNumberOf(text: string): number {
  const mac = parseMac(text)
  if (mac === undefined) throw new Error(`${text} is no hardware address`)
  return macNumber(mac)
}
