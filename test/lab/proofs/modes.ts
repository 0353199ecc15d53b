/** How the guests of one row of docs/nic-modes.md are connected. Scripts run in the namespaces of test/support/site.ts, as root. */
export interface Mode {
  /** As the table calls it. */
  readonly name: string
  readonly link: LinkWords
  /** Of a guest that is in another network of the same host; undefined where networks are no more than routes. */
  readonly strangerLink: LinkWords | undefined
  /** The VLAN in which the guest uses its address, tagged by itself; undefined for none. */
  readonly guestVlan?: number
  readonly networkTags?: readonly string[]
  /** Whether hardware addresses tell networks apart, so that Ganeti names their prefixes. */
  readonly isMacFiltered?: boolean
  /** Makes what the taps are plugged into. `elsewhere` is a host of the other network, known by its pid. */
  readonly host: (pids: Pids) => string
  /** Gives the router its place in the guests' network, and brings what is made for `elsewhere` to it as `else`. */
  readonly router: (pids: Pids) => string
  /** Where a frame that a guest has tagged itself for {@link strangeVlan} would find somebody. */
  readonly strangeVlanAt: 'router' | 'elsewhere'
  /** Whether the host has an address in the guests' network: what it tries comes from it. */
  readonly hasHost: boolean
  /** Whether what guests ask for addresses comes to the responder: frames that they tag themselves do not, nor those of a switch. */
  readonly isServed: boolean
  /** Whether advertisements that nobody asked for come to a guest that is not served: they go out by its tap, now and then. */
  readonly isAdvertised?: boolean
}

/** What Ganeti says of where a NIC belongs. */
export interface LinkWords {
  readonly MODE: 'bridged' | 'routed' | 'openvswitch' | 'ext'
  readonly LINK: string
  readonly VLAN: string
}

/** Whose network namespaces interfaces are made in. */
export interface Pids {
  readonly elsewhere: number
}

/** The other network where VLANs tell them apart; everywhere one that guests have no business in. */
export const strangeVlan = 300

/** What all of them need of the agent's configuration. */
export const modeConfig = `[nic]
private_uplink = uplink
private_bridges = prv* ${strangeVlan - 8}
ext_scripts = /run/ext
`

/** The host's own addresses where it is in the guests' network. */
export const hostAddresses = { 4: '192.0.2.9', 6: '2001:db8:1::9' } as const

/** Modes by the word that names them to a program. */
export const modes: Readonly<Record<string, Mode>> = {
  routed: {
    name: 'routed',
    link: { MODE: 'routed', LINK: 'main', VLAN: '' },
    strangerLink: undefined,
    host: () => ':',
    router: () => strangeVlanOfRouter,
    strangeVlanAt: 'router',
    hasHost: true,
    isServed: true,
  },
  bridged: {
    name: 'bridged',
    link: bridged('br0'),
    strangerLink: bridged('br1'),
    host: ({ elsewhere }) => `
      ip link add br1 type bridge forward_delay 0 mcast_snooping 0
      ip link set br1 up
      ${secondUplink(elsewhere, 'br1')}
      ${addressesOn('br0')}`,
    router: () => strangeVlanOfRouter,
    strangeVlanAt: 'router',
    hasHost: true,
    isServed: true,
  },
  access: {
    name: 'VLAN-aware bridge, access `.100`',
    link: bridged('br0', '.100'),
    strangerLink: bridged('br0', `.${strangeVlan}`),
    host: () => `${vlanAware}${addressesIn('br0', 100)}`,
    router: (pids) => `${routerIn(100)}${strangeVlanOf(pids)}`,
    strangeVlanAt: 'elsewhere',
    hasHost: true,
    isServed: true,
  },
  native: {
    name: 'VLAN-aware bridge, `.100:200`, untagged',
    link: bridged('br0', '.100:200'),
    strangerLink: bridged('br0', `.${strangeVlan}`),
    host: () => `${vlanAware}${addressesIn('br0', 100)}`,
    router: (pids) => `${routerIn(100)}${strangeVlanOf(pids)}`,
    strangeVlanAt: 'elsewhere',
    hasHost: true,
    isServed: true,
  },
  trunk: {
    name: 'VLAN-aware bridge, `.100:200`, in 200',
    link: bridged('br0', '.100:200'),
    strangerLink: bridged('br0', `.${strangeVlan}`),
    guestVlan: 200,
    host: () => `${vlanAware}${addressesIn('br0', 200)}`,
    router: (pids) => `${routerIn(200)}${strangeVlanOf(pids)}`,
    strangeVlanAt: 'elsewhere',
    hasHost: true,
    isServed: false,
  },
  private: {
    name: 'private VLAN, a bridge on demand',
    link: bridged('prv7'),
    strangerLink: bridged('prv8'),
    host: () => 'ip link set uplink nomaster',
    router: (pids) => `${routerIn(strangeVlan - 1)}${strangeVlanOf(pids)}`,
    strangeVlanAt: 'elsewhere',
    hasHost: false,
    isServed: true,
  },
  filtered: {
    name: 'MAC-filtered, one bridge for all',
    link: bridged('br0'),
    strangerLink: bridged('br0'),
    networkTags: ['private-filtered'],
    isMacFiltered: true,
    host: ({ elsewhere }) => `${secondUplink(elsewhere, 'br0')}${addressesOn('br0')}`,
    router: () => `ip link set pub address ${macOf('own', 1)}\n${strangeVlanOfRouter}`,
    strangeVlanAt: 'router',
    hasHost: true,
    isServed: true,
  },
  ovsplain: {
    name: 'Open vSwitch',
    link: { MODE: 'openvswitch', LINK: 'ovs0', VLAN: '' },
    strangerLink: { MODE: 'openvswitch', LINK: 'ovs0', VLAN: `.${strangeVlan}` },
    host: () => openvswitch(''),
    router: strangeVlanOf,
    strangeVlanAt: 'elsewhere',
    hasHost: true,
    isServed: false,
    isAdvertised: true,
  },
  ovsaccess: {
    name: 'Open vSwitch, access `.100`',
    link: { MODE: 'openvswitch', LINK: 'ovs0', VLAN: '.100' },
    strangerLink: { MODE: 'openvswitch', LINK: 'ovs0', VLAN: `.${strangeVlan}` },
    host: () => openvswitch('tag=100'),
    router: (pids) => `${routerIn(100)}${strangeVlanOf(pids)}`,
    strangeVlanAt: 'elsewhere',
    hasHost: true,
    isServed: false,
    isAdvertised: true,
  },
  ext: {
    name: 'ext, its script: VLAN `$LINK` of a bridge',
    link: { MODE: 'ext', LINK: '100', VLAN: '' },
    strangerLink: { MODE: 'ext', LINK: String(strangeVlan), VLAN: '' },
    host: () => `${vlanAware}${addressesIn('br0', 100)}${extScripts}`,
    router: (pids) => `${routerIn(100)}${strangeVlanOf(pids)}`,
    strangeVlanAt: 'elsewhere',
    hasHost: true,
    isServed: true,
  },
}

/** A hardware address of the guests' network, or of the other: with MAC filters the first 20 bits tell them apart. */
export function macOf(whose: 'own' | 'strange', number: number): string {
  const last = number.toString(16).padStart(2, '0')
  return `aa:00:${whose === 'own' ? '10' : '20'}:00:01:${last}`
}

function bridged(bridge: string, vlan = ''): LinkWords {
  return { MODE: 'bridged', LINK: bridge, VLAN: vlan }
}

function addressesOn(device: string): string {
  return `
      ip addr add ${hostAddresses[4]}/24 dev ${device}
      ip addr add ${hostAddresses[6]}/64 dev ${device} nodad`
}

function addressesIn(bridge: string, vlan: number): string {
  return `
      bridge vlan add dev ${bridge} vid ${vlan} self
      ip link add link ${bridge} name ${bridge}.${vlan} type vlan id ${vlan}
      ip link set ${bridge}.${vlan} up${addressesOn(`${bridge}.${vlan}`)}`
}

function routerIn(vlan: number): string {
  return `
      ip addr flush dev pub scope global
      ip link add link pub name pub.${vlan} type vlan id ${vlan}
      ip link set pub.${vlan} up
      ip addr add 192.0.2.1/24 dev pub.${vlan}
      ip addr add 2001:db8:1::1/64 dev pub.${vlan} nodad`
}

function strangeVlanOf({ elsewhere }: Pids): string {
  return `
      ip link add link pub name else type vlan id ${strangeVlan}
      ip link set else netns ${elsewhere}`
}

function secondUplink(elsewhere: number, bridge: string): string {
  return `
      ip link add uplink2 type veth peer name else address ${macOf('strange', 0x77)} netns ${elsewhere}
      ip link set uplink2 master ${bridge} up`
}

const strangeVlanOfRouter = `
      ip link add link pub name strange type vlan id ${strangeVlan}
      ip link set strange up`

const vlanAware = `
      ip link set br0 type bridge vlan_filtering 1`

/** The switch's programs are the host's own, and so is its database. */
function openvswitch(tag: string): string {
  return `
      ip link set uplink nomaster
      if ! [ -S /run/openvswitch/db.sock ]; then
        mkdir -p /run/openvswitch
        ovsdb-tool create /run/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema
        ovsdb-server /run/openvswitch/conf.db --remote=punix:/run/openvswitch/db.sock --detach --pidfile --log-file=/dev/null
        ovs-vsctl --no-wait init
        ovs-vswitchd --detach --pidfile --log-file=/dev/null
      fi
      ovs-vsctl --timeout=60 add-br ovs0 -- add-port ovs0 uplink
      ovs-vsctl --timeout=60 add-port ovs0 own ${tag} -- set interface own type=internal
      ip link set own up${addressesOn('own')}`
}

/** As an administrator may write one. */
const extScripts = `
      mkdir -p /run/ext
      cat >/run/ext/up <<'EOF'
#!/bin/sh
set -eu
ip link set dev "$INTERFACE" master br0
bridge vlan del dev "$INTERFACE" vid 1
bridge vlan add dev "$INTERFACE" vid "$LINK" pvid untagged
bridge vlan add dev uplink vid "$LINK"
ip link set dev "$INTERFACE" up
EOF
      chmod 755 /run/ext/up`
