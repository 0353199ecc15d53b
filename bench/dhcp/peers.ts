import { writeFileSync } from 'node:fs'
import path from 'node:path'
import {
  type Client,
  domain,
  leaseSeconds,
  nameservers,
  network,
  queues,
  serverIp,
} from './clients.js'
import { compile, findProgram } from './programs.js'
import type { ServerKind } from './server.js'
import { lines, type Stage } from './stage.js'

/** The practical limit: our own responder in C. */
export const nfqC: ServerKind = {
  name: 'nfq-c',
  isQueueing: true,
  hasRa: true,
  prepare(stage, clients) {
    const table = file(
      stage,
      'table',
      lines(clients, (c) => [c.device, c.mac, c.ip, c.prefix6, c.hostname].join(' ')),
    )
    const numbers = [queues.dhcp, queues.rs].map(String)
    return {
      command: [compile('nfq-responder'), table, ...numbers, serverIp, String(network.length)],
      env: {},
    }
  },
}

/** ISC dhcpd with a fixed address for each host, for which it writes no leases. */
export const dhcpd: ServerKind = {
  name: 'dhcpd',
  isQueueing: false,
  hasRa: false,
  prepare(stage, clients) {
    const { file: program, env } = findProgram('dhcpd')
    addressInterfaces(stage)
    const hosts = lines(
      clients,
      (c) =>
        `host ${c.hostname} { hardware ethernet ${c.mac}; fixed-address ${c.ip}; option host-name "${c.hostname}"; }`,
    )
    const config = file(
      stage,
      'dhcpd.conf',
      `authoritative; ping-check off; log-facility local7;
default-lease-time ${leaseSeconds}; max-lease-time ${leaseSeconds};
option domain-name "${domain}";
subnet ${network.address} netmask ${network.mask} {
  option routers ${serverIp}; option domain-name-servers ${nameservers.join(', ')}; option interface-mtu 1500;
}
${hosts}`,
    )
    const leases = file(stage, 'dhcpd.leases', '')
    const pidFile = path.join(stage.directory, 'dhcpd.pid')
    return {
      command: [
        ...[program, '-4', '-f', '-q', '-cf', config, '-lf', leases, '-pf', pidFile],
        ...interfacesOf(stage),
      ],
      env,
    }
  },
}

/** Kea with host reservations and leases in memory only. */
export const kea: ServerKind = keaKind('kea', { isPersistent: false })

/** Kea as it is when nobody says otherwise: each lease goes to a file. */
export const keaWithFile: ServerKind = keaKind('kea-file', { isPersistent: true })

function keaKind(name: string, { isPersistent }: { readonly isPersistent: boolean }): ServerKind {
  return {
    name,
    isQueueing: false,
    hasRa: false,
    prepare(stage, clients) {
      const { file: program, env } = findProgram('kea-dhcp4')
      if (interfacesOf(stage).length > keaMostInterfaces)
        throw new Error(`waits with select(), so no more than ${keaMostInterfaces} interfaces`)
      addressInterfaces(stage)
      const option = (name: string, data: string) => ({ name, data })
      const config = {
        Dhcp4: {
          'interfaces-config': {
            interfaces: interfacesOf(stage),
            'dhcp-socket-type': 'raw',
          },
          'lease-database': {
            type: 'memfile',
            persist: isPersistent,
            ...(isPersistent
              ? { name: path.join(stage.directory, 'kea-leases.csv'), 'lfc-interval': 0 }
              : {}),
          },
          'valid-lifetime': leaseSeconds,
          'expired-leases-processing': { 'reclaim-timer-wait-time': 0 },
          'host-reservation-identifiers': ['hw-address'],
          'multi-threading': { 'enable-multi-threading': false },
          subnet4: [
            {
              id: 1,
              subnet: `${network.address}/${network.length}`,
              'option-data': [
                option('routers', serverIp),
                option('domain-name-servers', nameservers.join(', ')),
                option('domain-name', domain),
                option('interface-mtu', '1500'),
              ],
              reservations: clients.map((c) => ({
                'hw-address': c.mac,
                'ip-address': c.ip,
                hostname: c.hostname,
              })),
            },
          ],
          loggers: [
            { name: 'kea-dhcp4', severity: 'ERROR', output_options: [{ output: 'stderr' }] },
          ],
        },
      }
      return {
        command: [program, '-c', file(stage, 'kea.json', JSON.stringify(config))],
        env: { ...env, KEA_PIDFILE_DIR: stage.directory, KEA_LOCKFILE_DIR: stage.directory },
      }
    },
  }
}

/** dnsmasq with a host line for each client and no lease file. */
export const dnsmasq: ServerKind = dnsmasqKind('dnsmasq', { isPersistent: false })

/** dnsmasq as it is when nobody says otherwise: it writes its lease file anew for each lease. */
export const dnsmasqWithFile: ServerKind = dnsmasqKind('dnsmasq-file', { isPersistent: true })

function dnsmasqKind(
  name: string,
  { isPersistent }: { readonly isPersistent: boolean },
): ServerKind {
  return {
    name,
    isQueueing: false,
    hasRa: false,
    prepare(stage, clients) {
      const { file: program, env } = findProgram('dnsmasq')
      addressInterfaces(stage)
      const hosts = file(
        stage,
        'dnsmasq.hosts',
        lines(clients, (c) => `${c.mac},${c.ip},${c.hostname},${leaseSeconds}`),
      )
      const config = file(
        stage,
        'dnsmasq.conf',
        `keep-in-foreground
user=root
port=0
quiet-dhcp
no-ping
${isPersistent ? `dhcp-leasefile=${file(stage, 'dnsmasq.leases', '')}` : 'leasefile-ro'}
dhcp-authoritative
dhcp-lease-max=100000
interface=${stage.topology === 'veth' ? 's0' : 'tap*'}
bind-dynamic
dhcp-range=${network.address},static,${network.mask},${leaseSeconds}
dhcp-option=option:router,${serverIp}
dhcp-option=option:dns-server,${nameservers.join(',')}
dhcp-option=option:mtu,1500
domain=${domain}
dhcp-hostsfile=${hosts}
pid-file=${path.join(stage.directory, 'dnsmasq.pid')}
`,
      )
      return { command: [program, `--conf-file=${config}`, '--log-facility=-'], env }
    },
  }
}

/** Kea opens two sockets for each, and `fd_set` holds 1024. */
const keaMostInterfaces = 500

/**
 * Servers of the common kind want an address on each interface, and Kea wants another one on each. They answer renewals
 * through the kernel, which is told of the neighbours because the guests of the bench answer no ARP.
 */
function addressInterfaces(stage: Stage): void {
  stage.exec(
    'ip',
    ['-batch', '-'],
    lines(stage.clients, (c) => `neigh replace ${c.ip} lladdr ${c.mac} dev ${c.device}`),
  )
  if (stage.topology === 'veth') return
  const address = (c: Client) => `10.77.${128 + (c.index >>> 8)}.${c.index & 255}`
  const commands = lines(
    stage.clients,
    (c) => `address replace ${address(c)}/${network.length} dev ${c.device} noprefixroute
route replace ${c.ip}/32 dev ${c.device}`,
  )
  stage.exec('ip', ['-batch', '-'], `address replace ${serverIp}/32 dev lo\n${commands}`)
}

function interfacesOf(stage: Stage): readonly string[] {
  return stage.topology === 'veth' ? ['s0'] : stage.clients.map((c) => c.device)
}

function file(stage: Stage, name: string, text: string): string {
  const full = path.join(stage.directory, name)
  writeFileSync(full, text)
  return full
}
