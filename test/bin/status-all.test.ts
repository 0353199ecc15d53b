import t from 'tap'
import { askNodes, readAnswer } from '#bin/cluster-ask.js'
import { type AskedNode, clusterReport } from '#bin/cluster-report.js'
import type { NodeStatus } from '#bin/node-status.js'
import { describe } from '#bin/status-all.js'
import { AgentError } from '#errors.js'
import type { ProgramRun } from '#kernel/run-program.js'
import type { ClusterNodes } from '#watch/cluster-nodes.js'
import { eventsStatus, nicsStatus, nodeStatusWith } from '../support/node-status.js'

const cluster = { cluster: 'cluster.lab.example', master: 'n1' }

const asked = (node: string, status: NodeStatus, clockAheadMs = 0): AskedNode => ({
  node,
  answer: { kind: 'status', status, clockAheadMs },
})

const healthy = nodeStatusWith({})

/** What is said of the second of two nodes, the first of which is a healthy master. */
const troubles = (second: AskedNode) => {
  const { nodes, ok } = clusterReport(cluster, [asked('n1', healthy), second])
  t.strictSame(nodes[0]?.troubles, [])
  t.equal(ok, nodes[1]?.troubles.length === 0)
  return nodes[1]?.troubles.map(({ what, cure }) => `${what}; ${cure}`) ?? []
}

t.test('nodes alike have nothing to say', async (t) => {
  t.strictSame(troubles(asked('n2', healthy)), [])
})

t.test('a node that Ganeti calls offline is not amiss', async (t) => {
  t.strictSame(troubles({ node: 'n2', answer: { kind: 'offline' } }), [])
})

const drifted = nodeStatusWith({
  configuration: {
    digest: 'cccccccccccc',
    sections: { broker: '1', dhcp: '9', 'network x': '3' },
    files: ['/etc/okeanid/okeanid.ini'],
  },
})

const cases: readonly {
  readonly name: string
  readonly second: AskedNode
  readonly says: RegExp
}[] = [
  {
    name: 'a configuration that differs, by its sections, with the files to copy',
    second: asked('n2', {
      ...drifted,
      roles: [eventsStatus({ config: 'cccccccccccc' }), nicsStatus({ config: 'cccccccccccc' })],
    }),
    says: /^its configuration is not the master’s: \[dhcp\] \[network x\]; .*gnt-cluster copyfile -n n2 \/etc\/okeanid\/okeanid.ini; gnt-cluster copyfile -n n2 \/etc\/okeanid\/okeanid.d\/broker.ini; systemctl reload/,
  },
  {
    name: 'files that were changed while a role runs on',
    second: asked(
      'n2',
      nodeStatusWith({ roles: [eventsStatus({ config: 'bbbbbbbbbbbb' }), nicsStatus({})] }),
    ),
    says: /^events goes by another configuration .*; systemctl reload okeanid-agent;/,
  },
  {
    name: 'a program that was upgraded while a role runs on',
    second: asked(
      'n2',
      nodeStatusWith({ roles: [eventsStatus({}), nicsStatus({ version: '0.0.9' })] }),
    ),
    says: /^nics is still version 0.0.9, installed is 0.1.0; systemctl restart okeanid-nics$/,
  },
  {
    name: 'another version',
    second: asked(
      'n2',
      nodeStatusWith({
        version: '0.2.0',
        roles: [eventsStatus({ version: '0.2.0' }), nicsStatus({ version: '0.2.0' })],
      }),
    ),
    says: /^its version is 0.2.0, the master’s 0.1.0/,
  },
  {
    name: 'a role that is missing',
    second: asked('n2', nodeStatusWith({ roles: [eventsStatus({})] })),
    says: /^role nics does not run, which runs on other nodes; systemctl enable --now okeanid-nics/,
  },
  {
    name: 'no role at all',
    second: asked('n2', nodeStatusWith({ roles: [] })),
    says: /^no role runs; systemctl start okeanid.target/,
  },
  {
    name: 'a role that is not well',
    second: asked(
      'n2',
      nodeStatusWith({ roles: [eventsStatus({ broker: 'waiting' }), nicsStatus({})] }),
    ),
    says: /^events: broker waiting: ECONNREFUSED; okeanid doctor on n2$/,
  },
  {
    name: 'a clock that is behind',
    second: asked('n2', healthy, -61_000),
    says: /^its clock is 61 s behind; see timedatectl/,
  },
]

for (const { name, second, says } of cases)
  t.test(name, async (t) => {
    const [first, ...more] = troubles(second)
    t.match(first, says)
    t.strictSame(more, [])
  })

t.test('an agent of before, which does not tell its configuration, has not drifted', async (t) => {
  const { configuration: _unknown, ...before } = healthy
  t.strictSame(troubles(asked('n2', before as NodeStatus)), [])
})

t.test('the table has a row for each node, and each trouble a line with its cure', async (t) => {
  const silent = { kind: 'silent', problem: 'no answer: refused', cure: 'look there' } as const
  const busy = nodeStatusWith({ roles: [eventsStatus({ backlog: 3 }), nicsStatus({})] })
  const report = clusterReport(cluster, [
    asked('n1', healthy),
    asked('n2', busy),
    { node: 'n3', answer: silent },
    { node: 'n4', answer: { kind: 'offline' } },
  ])
  t.strictSame(describe(report), [
    'cluster cluster.lab.example, 4 nodes',
    'node         version  node.js  config        backlog   roles',
    'n1 (master)  0.1.0    20.19.2  aaaaaaaaaaaa  0         events nics',
    'n2           0.1.0    20.19.2  aaaaaaaaaaaa  3 (12 s)  events nics',
    'n3           -        -        -             -         silent',
    'n4           -        -        -             -         offline',
    'n3: no answer: refused; cure: look there',
  ])
})

const nodes: ClusterNodes = {
  view: {
    clusterName: 'cluster.lab.example',
    masterNode: 'n1',
    masterCandidates: ['n1'],
    nodes: [],
    ownNode: 'n1',
    isMaster: true,
    isCandidate: true,
  },
  nodes: ['n1', 'n2', 'n3', 'n4', 'n5'],
  offline: new Set(['n4']),
  sshPorts: new Map([['n2', 2222]]),
  knownHostsFile: '/kh',
}

t.test(
  'each other node is asked once, side by side; this one and offline ones are not',
  async (t) => {
    const calls: string[] = []
    let waiting = 0
    let most = 0
    const run = async (program: string, args: readonly string[]): Promise<ProgramRun> => {
      most = Math.max(most, ++waiting)
      calls.push(`${program} ${args.filter((word) => /Port|@|status/.test(word)).join(' ')}`)
      await new Promise((resolve) => setImmediate(resolve))
      waiting -= 1
      if (args.includes('root@n5'))
        throw new AgentError('PROGRAM_FAILED', 'ssh did not end within 5000 ms')
      return { code: 0, stdout: JSON.stringify(nodeStatusWith({})), stderr: '' }
    }
    const answers = await askNodes(nodes, { node: 'n1', status: healthy }, { timeoutMs: 5000, run })
    t.strictSame(calls, [
      'ssh -oPort=2222 root@n2 okeanid status --json',
      'ssh root@n3 okeanid status --json',
      'ssh root@n5 okeanid status --json',
    ])
    t.equal(most, 3)
    t.strictSame(
      answers.map(({ node, answer }) => `${node} ${answer.kind}`),
      ['n1 status', 'n2 status', 'n3 status', 'n4 offline', 'n5 silent'],
    )
    t.match(answers[4]?.answer, { problem: 'no answer within 5 s', cure: /--offline=yes/ })
  },
)

const times = { beginMs: 1_000_000, endMs: 1_003_000 }

t.test('what an ended ssh says of its node', async (t) => {
  for (const [code, stderr, problem, cure] of [
    [
      255,
      'ssh: connect to host n2 port 22: Connection refused\n',
      /no answer: ssh: connect .* refused/,
      /gnt-cluster/,
    ],
    [127, 'bash: line 1: okeanid: command not found\n', /is not installed/, /okeanid-agent/],
    [
      78,
      'okeanid: /etc/okeanid/okeanid.ini: [brokr] url: there is no such section\n',
      /cannot be used: \/etc.*\[brokr\]/,
      /copyfile/,
    ],
    [1, 'okeanid: something\n', /failed \(1\): something/, /doctor/],
  ] as const)
    t.match(readAnswer({ code, stdout: '', stderr }, times), { kind: 'silent', problem, cure })
  const noRole = { code: 1, stdout: JSON.stringify(nodeStatusWith({ roles: [] })), stderr: 'x' }
  t.match(readAnswer(noRole, times), { kind: 'status' }, 'no role runs, but the program answers')
  const banner = { code: 0, stdout: '{"roles"', stderr: '' }
  t.match(readAnswer(banner, times), { kind: 'silent' }, 'half an answer')
})

t.test('a clock is off only by what the way there cannot explain', async (t) => {
  const ahead = (now_ms: number) => {
    const answer = readAnswer(
      { code: 0, stdout: JSON.stringify({ ...nodeStatusWith({}), now_ms }), stderr: '' },
      times,
    )
    return answer.kind === 'status' ? answer.clockAheadMs : undefined
  }
  t.strictSame([ahead(1_002_999), ahead(1_010_000), ahead(990_000)], [0, 7000, -10_000])
})
