// @ts-check
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * Something of Debian's that we need: `what` is a command, or a file when it begins with a slash.
 * @typedef {{ readonly what: string, readonly package: string }} Tool
 */

/** For which part of the work tools are needed. @typedef {'build' | 'checks' | 'lab' | 'packages' | 'lintian'} Purpose */

/** @type {Readonly<Record<Purpose, readonly Tool[]>>} */
export const TOOLS = {
  build: [
    { what: 'g++', package: 'g++' },
    { what: 'make', package: 'make' },
    { what: 'python3', package: 'python3' }, // node-gyp is written in it
    { what: '/usr/include/libmnl/libmnl.h', package: 'libmnl-dev' },
  ],
  checks: [
    { what: 'git', package: 'git' },
    { what: 'shellcheck', package: 'shellcheck' },
    { what: 'clang-format', package: 'clang-format' },
    { what: 'ip', package: 'iproute2' },
    { what: 'iptables', package: 'iptables' },
    { what: 'nft', package: 'nftables' },
    // guests of the responder's tests, a real DHCP server beside it, and who looks at what they are told
    { what: 'busybox', package: 'busybox' },
    { what: 'dhclient', package: 'isc-dhcp-client' },
    { what: 'dhcpcd', package: 'dhcpcd-base' },
    { what: 'rdisc6', package: 'ndisc6' },
    { what: 'ping', package: 'iputils-ping' },
    { what: 'dnsmasq', package: 'dnsmasq-base' },
    { what: 'tcpdump', package: 'tcpdump' },
    { what: 'tshark', package: 'tshark' },
    // the centre's store, beside SQLite; the server's folder has its version in its name
    { what: '/usr/share/doc/postgresql', package: 'postgresql' },
    // who takes the updates of hooks/scripts/dns-update, who sends them, and who looks at what became of them
    { what: '/usr/sbin/named', package: 'bind9' },
    { what: 'nsupdate', package: 'bind9-dnsutils' },
    // nfdhcpd.conf was its dialect
    { what: '/usr/lib/python3/dist-packages/configobj', package: 'python3-configobj' },
  ],
  // test/lab/lab names the same ones when they are missing (test/lab/lib/build.sh); what else it needs
  // is in the tree that it builds
  lab: [
    { what: 'debootstrap', package: 'debootstrap' },
    { what: 'systemd-nspawn', package: 'systemd-container' },
    { what: 'ip', package: 'iproute2' },
    { what: 'nsenter', package: 'util-linux' },
    { what: 'mount', package: 'mount' },
    { what: 'pgrep', package: 'procps' },
    { what: 'gcc', package: 'gcc' },
    // who speaks to the centre
    { what: 'openstack', package: 'python3-openstackclient' },
    { what: 'nova', package: 'python3-novaclient' },
    { what: 'faketime', package: 'faketime' }, // the fault matrix steps an agent's clock
    { what: '/usr/share/keyrings/debian-archive-keyring.gpg', package: 'debian-archive-keyring' },
  ],
  packages: [
    { what: 'dpkg-buildpackage', package: 'dpkg-dev' },
    { what: 'dh', package: 'debhelper' },
    { what: 'fakeroot', package: 'fakeroot' },
  ],
  lintian: [{ what: 'lintian', package: 'lintian' }],
}

/** @param {Tool} tool */
export function hasTool({ what }) {
  return what.startsWith('/') ? existsSync(what) : hasCommand(what)
}

/**
 * True when the command can be found: in PATH, or where root's programs are.
 * @param {string} name
 */
export function hasCommand(name) {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return [...folders, '/usr/sbin', '/sbin'].some((folder) => isProgram(join(folder, name)))
}

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
