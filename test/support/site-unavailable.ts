import { execFileSync } from 'node:child_process'

/** Programs of a site and of what is done there; scripts/tools.mjs has their packages. */
const programs = [
  ...['setpriv', 'unshare', 'nsenter', 'ip', 'iptables', 'ip6tables', 'ping', 'tcpdump', 'tshark'],
  ...['busybox', 'dhclient', 'dhcpcd', 'rdisc6', 'dnsmasq'],
]

/**
 * Why no site can be had here, or undefined when one can.
 * @throws Error with that reason when `CI=true`: there a skip would be a lie
 */
export function siteUnavailable(): string | undefined {
  const missing = programs.filter((name) => !isProgram(name))
  const reason =
    process.getuid?.() !== 0
      ? 'wants root, for namespaces'
      : missing.length > 0
        ? `missing: ${missing.join(' ')}; npm run setup installs them`
        : undefined
  if (reason !== undefined && process.env['CI'] === 'true') throw new Error(reason)
  return reason
}

function isProgram(name: string): boolean {
  try {
    execFileSync('sh', ['-c', 'PATH=$PATH:/usr/sbin:/sbin; command -v "$0"', name], {
      stdio: 'ignore',
    })
    return true
  } catch {
    return false
  }
}
