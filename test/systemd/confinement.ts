/** Something that a service tries: in the words of the documents, and as `test/systemd/probe.c` has it. */
export interface Act {
  readonly what: string
  readonly act: string
}

/** What a service may not do, and what it has to. */
export interface Confinement {
  readonly unit: string
  readonly refused: readonly Act[]
  readonly allowed: readonly Act[]
}

/** Acts by what they are called. */
type Acts = Readonly<Record<string, string>>

/** What none of them has to do with. */
const host: Acts = {
  'the passwords of the host': 'read,/etc/shadow',
  'root’s home': 'read,/root/secret',
  'users’ homes': 'list,/home',
  'write to /etc': 'write,/etc/okeanid-probe',
  'write to /usr': 'write,/usr/okeanid-probe',
  'write to Ganeti’s folder': 'write,/var/lib/ganeti/okeanid-probe',
  'write to the logs': 'write,/var/log/okeanid-probe',
  'the host’s /tmp': 'read,/tmp/secret',
  'a network device of its own (/dev/net/tun)': 'write,/dev/net/tun',
  'write to this program': 'write,/usr/lib/okeanid/okeanid-probe',
}

/** What is the kernel's. */
const kernel: Acts = {
  'a namespace of users': 'unshare,user',
  'a namespace of the network': 'unshare,net',
  'another process’ namespace': 'join,/proc/1/ns/mnt',
  'a mount': 'mount,/mnt',
  'another root folder': 'chroot,/mnt',
  'a debugger’s hold of another process': 'trace,1',
  'a device node': 'device,/dev/shm/okeanid-device',
  BPF: 'bpf',
  'performance events': 'perf',
  'real-time priority': 'real-time',
  'another personality': 'personality',
  'the host’s name': 'hostname',
}

const exec: Acts = {
  'run a program': 'run,/usr/bin/true',
  'run a shell': 'run,/usr/bin/sh',
  'run a program from memory': 'run-copy,/usr/bin/true',
}

/** Numbers of socket(2): family, type, protocol. */
const sockets = {
  IPv4: 'socket,2,1,0',
  IPv6: 'socket,10,1,0',
  netlink: 'socket,16,3,0',
  packets: 'socket,17,3,0',
  'virtual sockets of machines': 'socket,40,1,0',
} as const

const luxi = 'connect,/run/ganeti/socket/ganeti-query'

/** Each unit's, as docs/confinement.md tells them. */
export const confinements: readonly Confinement[] = [
  {
    unit: 'okeanid-responder',
    refused: acts({
      ...host,
      'the job queue': 'list,/var/lib/ganeti/queue',
      'Ganeti’s configuration': 'read,/var/lib/ganeti/config.data',
      'Ganeti’s master (LUXI)': luxi,
      'the broker’s password': 'read,/etc/okeanid/broker.password',
      'the outbox': 'list,/var/lib/okeanid/events',
      'write a binding': 'write,/run/okeanid/nics/probe.json',
      'write to the spool of NICs': 'write,/var/lib/okeanid/spool/nics/probe.json',
      'settings of the network': 'write,/proc/sys/net/ipv4/ip_forward',
      'sockets of IPv4': sockets.IPv4,
      'sockets of IPv6': sockets.IPv6,
      'sockets between machines (AF_VSOCK)': sockets['virtual sockets of machines'],
      ...kernel,
      ...exec,
      ...written('/run/okeanid/responder-role', '/run/okeanid/spool/responder'),
      'a set-user-id file': 'set-id,/run/okeanid/responder-role/probe',
      'another user': 'identity',
      'the service manager’s environment': 'read,/proc/1/environ',
    }),
    allowed: acts({
      'its configuration': 'read,/etc/okeanid/okeanid.ini',
      bindings: 'list,/run/okeanid/nics',
      'its socket’s folder': 'write,/run/okeanid/responder-role/probe',
      'leave a first lease': 'write,/run/okeanid/spool/responder/probe.json',
      'netfilter’s queues': 'socket,16,3,12',
      frames: sockets.packets,
    }),
  },
  {
    unit: 'okeanid-agent',
    refused: acts({
      ...host,
      'Ganeti’s master (LUXI)': luxi,
      'users of Ganeti’s remote API': 'list,/var/lib/ganeti/rapi',
      'Ganeti’s keys': 'read,/var/lib/ganeti/server.pem',
      'Ganeti’s secret of the cluster': 'read,/var/lib/ganeti/hmac.key',
      'disks of guests that are files': 'list,/srv/ganeti',
      'the host’s private keys': 'list,/etc/ssl/private',
      'the centre’s configuration': 'read,/etc/okeanid/central.ini',
      'write to the job queue': 'write,/var/lib/ganeti/queue/probe',
      'write its own configuration': 'write,/etc/okeanid/okeanid.ini',
      'write a binding': 'write,/run/okeanid/nics/probe.json',
      'write beside its folders': 'write,/var/lib/okeanid/probe',
      'settings of the network': 'write,/proc/sys/net/ipv4/ip_forward',
      'sockets of frames': sockets.packets,
      'sockets between machines (AF_VSOCK)': sockets['virtual sockets of machines'],
      ...kernel,
      ...exec,
      ...written(
        '/var/lib/okeanid/events',
        '/run/okeanid/events-role',
        '/var/lib/okeanid/spool/nics',
      ),
      'a set-user-id file': 'set-id,/var/lib/okeanid/events/probe',
      'another user': 'identity',
    }),
    allowed: acts({
      'its configuration': 'read,/etc/okeanid/okeanid.ini',
      'the broker’s password': 'read,/etc/okeanid/broker.password',
      'job files, also those that are Ganeti’s alone': 'read,/var/lib/ganeti/queue/job-probe',
      'what the cluster is': 'list,/var/lib/ganeti',
      'its outbox': 'write,/var/lib/okeanid/events/probe',
      'take from the spools': 'remove,/var/lib/okeanid/spool/nics/taken.json',
      'its socket’s folder': 'write,/run/okeanid/events-role/probe',
      'speak to the broker': 'tcp,198.51.100.210,22',
    }),
  },
  {
    unit: 'okeanid-nics',
    refused: acts({
      ...host,
      'the broker’s password': 'read,/etc/okeanid/broker.password',
      'write to the outbox': 'write,/var/lib/okeanid/events/probe',
      'sockets between machines (AF_VSOCK)': sockets['virtual sockets of machines'],
      ...kernel,
      ...written(
        '/run/okeanid/nics-role',
        '/run',
        '/var/lib/okeanid/nics',
        '/var/lib/okeanid/spool/hints',
      ),
      'a set-user-id file': 'set-id,/run/okeanid/nics-role/probe',
      'another user': 'identity',
    }),
    allowed: acts({
      'settings of the network': 'write,/proc/sys/net/ipv4/ip_forward',
      'what runs here': 'list,/run/ganeti',
      'run nft and ip': 'run,/usr/bin/true',
      'the kernel’s rules': 'socket,16,3,12',
      frames: sockets.packets,
      bindings: 'write,/run/okeanid/nics/probe.json',
      'what is desired of NICs': 'write,/var/lib/okeanid/nics/probe',
      'tell of NICs': 'write,/var/lib/okeanid/spool/nics/probe.json',
    }),
  },
  {
    unit: 'okeanid-hooks',
    refused: acts({
      ...host,
      'the broker’s password': 'read,/etc/okeanid/broker.password',
      'settings of the network': 'write,/proc/sys/net/ipv4/ip_forward',
      'sockets of IPv4': sockets.IPv4,
      'sockets of frames': sockets.packets,
      'sockets between machines (AF_VSOCK)': sockets['virtual sockets of machines'],
      ...kernel,
      ...written('/run/okeanid/hooks-role', '/run', '/var/lib/okeanid/spool/hooks'),
      'a set-user-id file': 'set-id,/run/okeanid/hooks-role/probe',
      'another user': 'identity',
    }),
    allowed: acts({
      'job files': 'read,/var/lib/ganeti/queue/job-probe',
      'what hooks left': 'remove,/var/lib/okeanid/spool/hooks/taken.json',
      'hand on': 'write,/var/lib/okeanid/spool/hints/probe.json',
      'results of scripts': 'write,/var/lib/okeanid/hooks/probe',
      'ask systemd for a unit': 'connect,/run/systemd/private',
      'run systemd-run': 'run,/usr/bin/true',
    }),
  },
  {
    unit: 'okeanid-central',
    refused: acts({
      ...host,
      'Ganeti’s folder': 'list,/var/lib/ganeti',
      'Ganeti’s master (LUXI)': luxi,
      'the agent’s configuration': 'read,/etc/okeanid/okeanid.ini',
      'the outbox': 'list,/var/lib/okeanid/events',
      'the host’s private keys': 'list,/etc/ssl/private',
      'write its own configuration': 'write,/etc/okeanid/central.ini',
      'the host’s devices': 'list,/dev/net',
      'settings of the network': 'write,/proc/sys/net/ipv4/ip_forward',
      'the service manager’s environment': 'read,/proc/1/environ',
      'a signal to another’s process': 'signal,1',
      'sockets of frames': sockets.packets,
      'sockets between machines (AF_VSOCK)': sockets['virtual sockets of machines'],
      ...kernel,
      ...exec,
      ...written('/var/lib/okeanid-central', '/run/okeanid-central'),
      'a set-user-id file': 'set-id,/var/lib/okeanid-central/probe',
      'another user': 'identity',
    }),
    allowed: acts({
      'its configuration': 'read,/etc/okeanid/central.ini',
      'its store': 'write,/var/lib/okeanid-central/probe',
      'speak to clusters, the broker, PostgreSQL': 'tcp,198.51.100.210,22',
    }),
  },
]

function acts(named: Acts): readonly Act[] {
  return Object.entries(named).map(([what, act]) => ({ what, act }))
}

/** Running what was written there, and to where everybody writes. */
function written(...folders: readonly string[]): Acts {
  return Object.fromEntries(
    [...folders, '/tmp', '/dev/shm'].map((folder) => [
      `run what it wrote to ${folder}`,
      `write-and-run,${folder}/probe`,
    ]),
  )
}
