import { readdir, readFile, readlink } from 'node:fs/promises'

/** A socket that takes datagrams on a port. */
export interface UdpListener {
  /** `0.0.0.0` or one address. */
  readonly address: string
  /** `dnsmasq (pid 812)`; undefined where nobody says. */
  readonly owner: string | undefined
}

/** Who takes IPv4 datagrams on this port in this network namespace (`/proc/net/udp`, net/ipv4/udp.c, udp4_format_sock). */
export async function readUdpListeners(port: number): Promise<readonly UdpListener[]> {
  const table = await readFile('/proc/self/net/udp', 'utf8').catch(() => '')
  const sockets = udpSockets(table, port)
  if (sockets.length === 0) return []
  const owners = await ownersOf(new Set(sockets.map(({ inode }) => inode)))
  return sockets.map(({ address, inode }) => ({ address, owner: owners.get(inode) }))
}

/** The sockets of a port in the kernel's table. */
export function udpSockets(
  table: string,
  port: number,
): readonly { readonly address: string; readonly inode: string }[] {
  return table.split('\n').flatMap((row) => {
    const words = row.trim().split(/\s+/)
    const [, hex = '', hexPort = ''] = /^([0-9A-F]{8}):([0-9A-F]{4})$/.exec(words[1] ?? '') ?? []
    const inode = words[9]
    if (inode === undefined || Number.parseInt(hexPort, 16) !== port) return []
    // in the host's own byte order; all that Debian runs Ganeti on is little-endian
    const octets = (hex.match(/../g) ?? []).reverse().map((octet) => Number.parseInt(octet, 16))
    return [{ address: octets.join('.'), inode }]
  })
}

/** Which processes have these sockets; root sees all. */
async function ownersOf(inodes: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
  const owners = new Map<string, string>()
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  for (const pid of pids) {
    const fds = await readdir(`/proc/${pid}/fd`).catch(() => [])
    for (const fd of fds) {
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1]
      if (inode === undefined || !inodes.has(inode)) continue
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')
      owners.set(inode, `${name.trim()} (pid ${pid})`)
    }
  }
  return owners
}
