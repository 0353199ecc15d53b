import t from 'tap'
import { diagnose } from '#doctor/diagnose.js'
import type { HostFacts, QueueingFacts, RoleFacts } from '#doctor/facts.js'
import { numbers, served } from '../nic/queueing/served.js'

const role = (name: RoleFacts['role'], other: Partial<RoleFacts> = {}): RoleFacts => ({
  role: name,
  socket: `/run/okeanid/${name}-role/status.sock`,
  problem: undefined,
  capabilities: (1n << 12n) | (1n << 13n),
  broker: name === 'events' ? { state: 'connected', problem: undefined } : undefined,
  waitingQueues: [],
  ...other,
})

const roles = [role('events'), role('responder'), role('nics')] as const

const queueing: QueueingFacts = {
  manage: 'auto',
  numbers,
  maxLength: 16_384,
  receiveBufferBytes: 32 << 20,
  drift: [],
  problem: undefined,
  refusals: [],
  cutOff: [],
  fragmentLoss: [],
  changedSysctls: [],
  foreignRules: new Map(),
  bound: [
    { number: 42, portId: 7, owner: 'okeanid agent (pid 7)', isOurs: true, waiting: 0, dropped: 0 },
  ],
  withoutIpv6: [],
}

const healthy: HostFacts = {
  nodeVersion: '20.19.2',
  isRoot: true,
  addonProblem: undefined,
  kernel: {
    hasQueues: true,
    canNft: true,
    canTrackBridges: true,
    iptables4: undefined,
    iptables6: undefined,
  },
  queueing,
  bindings: { taps: [served('tap0')], networks: ['net1'], missingFolders: [], problems: [] },
  roles,
  hooks: {
    callers: ['kvm-ifup', 'hooks'],
    hooks: [{ path: '/etc/ganeti/kvm-vif-bridge', caller: 'kvm-ifup', state: 'ours' }],
  },
}

/** The findings of a host that is healthy but for this, as lines. */
function findings(other: Partial<HostFacts>): readonly string[] {
  return diagnose({ ...healthy, ...other }).map(
    ({ level, about, what, cure }) => `${level} ${about}: ${what}; ${cure}`,
  )
}

const withQueueing = (other: Partial<QueueingFacts>) =>
  findings({ queueing: { ...queueing, ...other } })
const block = { bridge: 'br0', where: 'iptables filter, chain FORWARD: policy drop' }

t.test('what nic up goes by', async (t) => {
  const bundle = '/usr/lib/okeanid/dist/nic.cjs'
  const bytecode = { bundle, isThere: true }
  const [all] = findings({})
  t.same(findings({ starts: { bytecode, movedFolders: [] } }), [all])
  t.same(findings({ starts: { bytecode: undefined, movedFolders: [] } }), [all], 'not installed')
  const stale = findings({
    starts: { bytecode: { ...bytecode, isThere: false }, movedFolders: [] },
  })
  t.match(
    stale.find((line) => line.includes('starts')),
    /^note starts: nic up has no bytecode .*; node \/usr\/lib\/okeanid\/dist\/bytecode.mjs \/usr\/lib\/okeanid\/dist\/nic.cjs$/,
  )
  const key = 'state_directory'
  const moved = { key, folder: '/srv/okeanid', usual: '/var/lib/okeanid' }
  t.match(
    findings({ starts: { bytecode, movedFolders: [moved] } })[0],
    /^broken starts: \[agent\] state_directory is \/srv\/okeanid, .* goes by \/var\/lib\/okeanid/,
  )
})

t.test('a healthy host has nothing but the list of what it serves', async (t) => {
  t.same(findings({}), ['note bindings: 1 taps are served, networks: net1; nothing to do'])
})

const cases: readonly {
  readonly name: string
  readonly got: readonly string[]
  readonly first: RegExp
}[] = [
  {
    name: 'an old Node',
    got: findings({ nodeVersion: '18.20.4' }),
    first: /^broken node: Node.js is 18.20.4; install 20.19/,
  },
  {
    name: 'an addon without its library',
    got: findings({ addonProblem: 'libmnl.so.0: cannot open shared object file' }),
    first: /^broken addon: .*; apt install libmnl0$/,
  },
  {
    name: 'somebody who is not root',
    got: findings({ isRoot: false, queueing: { ...queueing, drift: undefined } }),
    first: /^note doctor: .*; run it as root$/,
  },
  {
    name: 'a kernel without queues',
    got: findings({ kernel: { ...healthy.kernel, hasQueues: false } }),
    first: /^broken kernel: .*; modprobe nfnetlink_queue/,
  },
  {
    name: 'guests of bridges can have no firewall',
    got: findings({ kernel: { ...healthy.kernel, canTrackBridges: false } }),
    first: /^note kernel: .*tracks no connections of bridges.*; modprobe nf_conntrack_bridge/,
  },
  {
    name: 'nft is asked for and cannot queue',
    got: findings({
      kernel: { ...healthy.kernel, canNft: false },
      queueing: { ...queueing, manage: 'nft' },
    }),
    first: /^broken kernel: nft cannot queue/,
  },
  {
    name: 'neither nft nor ip6tables can queue',
    got: findings({
      kernel: { ...healthy.kernel, canNft: false, iptables6: 'no chain/target/match by that name' },
    }),
    first: /^broken kernel: ip6tables cannot queue: no chain/,
  },
  {
    name: 'nfdhcpd still runs',
    got: withQueueing({
      bound: [
        {
          number: 42,
          portId: 812,
          owner: 'nfdhcpd (pid 812)',
          isOurs: false,
          waiting: 0,
          dropped: 0,
        },
      ],
    }),
    first:
      /^broken queue: queue 42 is held by nfdhcpd \(pid 812\).*systemctl disable --now nfdhcpd/,
  },
  {
    name: 'a queue that was full',
    got: withQueueing({
      bound: [{ number: 42, portId: 7, owner: 'node', isOurs: true, waiting: 0, dropped: 9 }],
    }),
    first: /^note queue: queue 42 of node was full at times: 9 packets/,
  },
  {
    name: 'a queue that nobody has bound',
    got: findings({
      roles: [
        role('events'),
        role('responder', { waitingQueues: [{ number: 43, problem: 'EPERM' }] }),
        role('nics'),
      ],
    }),
    first: /^broken queue: queue 43 is not bound: EPERM/,
  },
  {
    name: 'two kinds of packets with one number',
    got: withQueueing({ numbers: { ...numbers, dropOffset: 1 } }),
    first: /^broken queue: queue 43 is for dhcp4 \(when_down drop\) and ra/,
  },
  {
    name: 'a number that is too large',
    got: withQueueing({ numbers: { ...numbers, dhcp6: 65_500 } }),
    first: /^broken queue: there is no queue 65600/,
  },
  {
    name: 'a receive buffer that is smaller than the queue',
    got: withQueueing({ receiveBufferBytes: 1 << 20 }),
    first: /^note queue: receive_buffer has room for 1638 packets.*10240K/,
  },
  {
    name: 'rules that are missing while nobody keeps them',
    got: findings({
      queueing: { ...queueing, drift: ['missing: x'] },
      roles: [
        role('events'),
        role('responder'),
        role('nics', { problem: 'nobody answers (ENOENT); start it' }),
      ],
    }),
    first: /^broken rules: 1 differences.*missing: x; systemctl start okeanid-nics/,
  },
  {
    name: 'rules that go missing again and again',
    got: withQueueing({ drift: ['missing: x', 'missing: y'] }),
    first: /^broken rules: 2 differences.*the nics role repairs that/,
  },
  {
    name: 'nfdhcpd’s rules beside ours',
    got: withQueueing({
      foreignRules: new Map([[42, ['-A PREROUTING -i tap+ -j NFQUEUE --queue-num 42']]]),
    }),
    first: /^broken rules: a rule that is not ours leads to queue 42 as well: -A PREROUTING/,
  },
  {
    name: 'the administrator keeps the rules and forgot one',
    got: withQueueing({
      manage: 'no',
      drift: undefined,
      foreignRules: new Map([42, 43, 44].map((n) => [n, ['x']])),
    }),
    first: /^broken rules: no rule leads to queue 45/,
  },
  {
    name: 'docker keeps us from switching br_netfilter on',
    got: withQueueing({ refusals: [{ version: 4, blocks: [block] }] }),
    first:
      /^broken bridge: IPv4 of taps on bridges is not served.*iptables -I FORWARD -m physdev --physdev-is-bridged -j ACCEPT/,
  },
  {
    name: 'somebody switched br_netfilter on beside docker',
    got: withQueueing({ cutOff: [{ version: 6, blocks: [block] }] }),
    first: /^broken bridge: somebody switched br_netfilter on.*ip6tables -I FORWARD/,
  },
  {
    name: 'br_netfilter where a bridge is VLAN-aware, by somebody else',
    got: withQueueing({
      fragmentLoss: [
        { version: 4, bridges: ['br0', 'br1'] },
        { version: 6, bridges: [] },
      ],
    }),
    first:
      /^broken bridge: br_netfilter is on for IPv4: fragments .* into br0, br1 and leave tagged are lost.*; sysctl net.bridge.bridge-nf-call-iptables=0, /,
  },
  {
    name: 'the same, where we need it',
    got: withQueueing({
      fragmentLoss: [{ version: 6, bridges: ['br0'] }],
      changedSysctls: [{ name: 'net.bridge.bridge-nf-call-ip6tables', before: '0' }],
    }),
    first: /^broken bridge: br_netfilter is on for IPv6.*; a kernel with nft_queue/,
  },
  {
    name: 'a tap without IPv6',
    got: withQueueing({ withoutIpv6: ['gnt.com.0'] }),
    first: /^broken rules: gnt.com.0 has disable_ipv6=1.*net.ipv6.conf.gnt\/com\/0.disable_ipv6=0/,
  },
  {
    name: 'a served port of Open vSwitch',
    got: findings({
      bindings: { ...healthy.bindings, taps: [served('tap0', { mode: 'openvswitch' })] },
    }),
    first: /^broken rules: tap0: frames of Open vSwitch ports/,
  },
  {
    name: 'a sysctl that was changed',
    got: withQueueing({
      changedSysctls: [{ name: 'net.bridge.bridge-nf-call-iptables', before: '0' }],
    }),
    first: /^note rules: net.bridge.bridge-nf-call-iptables was 0 before us/,
  },
  {
    name: 'a folder of bindings that is not there',
    got: findings({ bindings: { ...healthy.bindings, missingFolders: ['/run/okeanid/nics'] } }),
    first: /^broken bindings: \/run\/okeanid\/nics is not there/,
  },
  {
    name: 'bindings with faults',
    got: findings({ bindings: { ...healthy.bindings, problems: ['a.json: mac: wants one', 'b'] } }),
    first: /^broken bindings: 2 faults.*a.json: mac: wants one/,
  },
  {
    name: 'a responder without a capability',
    got: findings({
      roles: [role('events'), role('responder', { capabilities: 1n << 12n }), role('nics')],
    }),
    first: /^broken role: responder runs without CAP_NET_RAW/,
  },
  {
    name: 'an upgrade of Ganeti that made ours ignored',
    got: findings({
      hooks: {
        callers: ['kvm-nic-setup'],
        hooks: [
          ...healthy.hooks.hooks,
          { path: '/etc/ganeti/network/bridged/up', caller: 'kvm-nic-setup', state: 'absent' },
        ],
      },
    }),
    first:
      /^broken hooks: .*bridged\/up is not there, and Ganeti’s kvm-nic-setup .*without isolation; okeanid hooks install/,
  },
  {
    name: 'a broker that is away',
    got: findings({
      roles: [
        role('events', { broker: { state: 'waiting', problem: 'ECONNREFUSED' } }),
        role('responder'),
        role('nics'),
      ],
    }),
    first: /^broken broker: events: the broker is waiting: ECONNREFUSED/,
  },
]

for (const { name, got, first } of cases) {
  t.test(name, async (t) => t.match(got[0], first))
}

t.test('what hurts comes first', async (t) => {
  const levels = diagnose({
    ...healthy,
    isRoot: false,
    roles: [role('events', { problem: 'nobody answers (ENOENT); start the agent' })],
  }).map(({ level }) => level)
  t.same(levels, ['broken', 'note', 'note'])
})

t.test('NICs of running instances, by the nics role’s word', async (t) => {
  const withNics = (other: Partial<NonNullable<RoleFacts['nics']>>) =>
    findings({
      roles: [
        role('nics', {
          nics: {
            failure: undefined,
            problems: [],
            observed: 0,
            disabled: 0,
            losses: 0,
            lacksForwarding6: false,
            ...other,
          },
        }),
      ],
    }).filter((line) => / nics: /.test(line))
  t.same(withNics({}), [])
  for (const [other, line] of [
    [{ failure: 'nft is not installed' }, /^broken nics: nobody looks after NICs: nft/],
    [{ problems: ['tap0 of vm1: bridge br7 does not exist'] }, /^broken nics: 1 NICs .*br7/],
    [{ lacksForwarding6: true }, /^broken nics: .*forwarding is 0/],
    [{ observed: 3 }, /^note nics: 3 NICs are only observed.*nic enforce/],
    [{ disabled: 2 }, /^note nics: 2 NICs have no rules/],
    [{ losses: 4 }, /^note nics: somebody has removed all rules 4 times/],
  ] as const) {
    const [first, ...more] = withNics(other)
    t.match(first, line)
    t.same(more, [])
  }
})
