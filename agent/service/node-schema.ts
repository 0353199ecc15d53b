import { brokerFields } from './broker-fields.js'
import {
  absolutePath,
  choice,
  duration,
  type Field,
  flag,
  integer,
  names,
  size,
} from './config-fields.js'
import { consumerFields } from './consumer-fields.js'
import { scriptFields, scriptsFields } from './script-fields.js'

/**
 * The keys of `/etc/okeanid/okeanid.ini` that programs of ours read, by section. What NICs are told stands beside, in
 * `binding/setting-fields.ts`: sections `queueing` (one key more), `dhcp`, `ra`, `dhcpv6` and `network NAME`.
 */
export const nodeSchema = {
  ganeti: {
    root: absolutePath(
      '/',
      'Folder below which all of Ganeti’s paths are found. Other than / only for tests and virtual clusters.',
    ),
  },
  agent: {
    state_directory: absolutePath(
      '/var/lib/okeanid',
      'What must survive a restart: outbox and ledger.',
    ),
    runtime_directory: absolutePath('/run/okeanid', 'Sockets of running agents.'),
    log_level: choice(
      ['error', 'warning', 'info', 'debug'],
      'info',
      'Least important kind of line that is logged: error, warning, info or debug.',
    ),
  },
  events: {
    rescan: duration(
      '10s',
      'How often the job queue is looked through for what inotify did not tell. Costs one stat when nothing changed.',
      { min: '1s', max: '1h' },
    ),
    lookback: duration(
      '1h',
      'On the first start of the agent on a node, finished jobs younger than this are told as well.',
      { min: '0s', max: '7d' },
    ),
    heartbeat: duration('30s', 'How often each node says that it is alive; 0s for never.', {
      min: '0s',
      max: '1h',
    }),
  },
  outbox: {
    segment_size: size('8M', 'Size at which the outbox begins a new file.', {
      min: '64K',
      max: '1G',
    }),
  },
  broker: {
    enabled: flag(
      'yes',
      'Whether messages are sent at all. With no, nothing of the job queue is taken either.',
    ),
    ...brokerFields,
    window: choice(
      ['64', '128', '256', '512', '1024'],
      '256',
      'Messages under way before the broker confirmed the first of them: 64, 128, 256, 512 or 1024.',
    ),
    confirm_timeout: duration(
      '30s',
      'How long the broker may confirm nothing while messages are under way; then the connection counts as dead, and they are sent again over the next.',
      { min: '1s', max: '10m' },
    ),
    unroutable: choice(
      ['drop', 'keep'],
      'drop',
      'What becomes of a message for which no queue is bound: drop, as RabbitMQ does, or keep it here, with what follows for the same instance, until one is bound.',
    ),
  },
  responder: {
    networks: names(
      '',
      'Ganeti networks, by name or UUID and separated by commas, whose NICs are served without a tag of the network; * for all NICs. Empty: only networks with tag nfdhcpd, okeanid:dhcp, okeanid:ra or okeanid:dhcpv6.',
    ),
    nics_directory: absolutePath(
      '',
      'Folder with one file for each NIC. Empty: nics in the runtime directory.',
    ),
    nfdhcpd_directory: absolutePath(
      '',
      'Folder with files of nfdhcpd, /var/lib/nfdhcpd for example, to serve as well; empty for none.',
    ),
    rescan: duration(
      '10s',
      'How often these folders are looked through for what inotify did not tell.',
      { min: '1s', max: '1h' },
    ),
    rate: integer('50', 'Packets a second that each tap may have answered for long.', {
      min: 1,
      max: 100_000,
    }),
    burst: integer('100', 'Packets that it may have answered at once.', { min: 1, max: 100_000 }),
    trace_clients: integer('8', 'Most okeanid dhcp trace that follow at the same time.', {
      min: 0,
      max: 100,
    }),
    trace_rate: integer('1000', 'Most lines a second that each of them is told.', {
      min: 1,
      max: 100_000,
    }),
  },
  repair: {
    every: duration(
      '5m',
      'How often the NICs of running instances are compared with what was decided for them, beside every time that the kernel or Ganeti tells of a change. What is right is not written.',
      { min: '10s', max: '1d' },
    ),
  },
  scripts: { ...scriptsFields, ...scriptFields },
  consumers: consumerFields,
  queueing: {
    manage: choice(
      ['auto', 'nft', 'iptables', 'no'],
      'auto',
      'Who brings the guests’ packets to us: rules of nft or of iptables that the agent keeps (auto: nft where the kernel can queue there), or no: the administrator’s own.',
    ),
    dhcp_queue: queueNumber('42', 'NFQUEUE number of DHCPv4.'),
    rs_queue: queueNumber('43', 'NFQUEUE number of router solicitations.'),
    ns_queue: queueNumber('44', 'NFQUEUE number of neighbour solicitations of routed NICs.'),
    dhcpv6_queue: queueNumber('45', 'NFQUEUE number of DHCPv6.'),
    drop_queue_offset: integer(
      '100',
      'What is added to these numbers for NICs whose packets are dropped while nobody answers.',
      { min: 1, max: 60_000 },
    ),
    max_length: integer('16384', 'Packets that wait in one queue before the kernel drops more.', {
      min: 16,
      max: 1_048_576,
    }),
    receive_buffer: size(
      '32M',
      'Memory of the kernel for packets on their way to us, each queue.',
      {
        min: '64K',
        max: '1G',
      },
    ),
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Field<unknown>>>>>

function queueNumber(defaultText: string, doc: string): Field<number> {
  return integer(defaultText, doc, { min: 0, max: 65_535 })
}
