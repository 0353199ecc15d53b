import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import type { ClusterReport } from '../../agent/bin/cluster-report.js'
import { type Inbox, openInbox, type Received } from '../support/inbox.js'
import { parseJobInfo } from '../support/job-info.js'
import { until } from '../support/until.js'
import { labUnavailable } from './command.js'
import { type Lab, openLab } from './lab.js'

/**
 * The events role on a real cluster of three nodes, each agent confined by its unit as the package will: n1 is the master, n2
 * calls itself by its short name, n3 is no master candidate.
 */

const skip = labUnavailable() ?? false

interface Status {
  readonly roles: readonly [
    {
      readonly node: string
      readonly isMaster: boolean
      readonly isCandidate: boolean
      readonly broker: { readonly state: string }
      readonly outbox: { readonly backlogMessages: number }
      readonly pid: number
    },
  ]
}

async function statusOf(lab: Lab, node: string) {
  const { roles } = JSON.parse(await lab.execOk(node, ['okeanid', 'status', '--json'])) as Status
  return roles[0]
}

/** The status once it is as wanted. */
function whenStatus(lab: Lab, node: string, isWanted: (status: Status['roles'][0]) => boolean) {
  return until(`the status of ${node}`, async () => {
    const { code, stdout } = await lab.exec(node, ['okeanid', 'status', '--json'])
    if (code !== 0) return undefined
    const [status] = (JSON.parse(stdout) as Status).roles
    return isWanted(status) ? status : undefined
  })
}

/** Runs a command that submits one job and gives the job's number. */
async function submit(lab: Lab, argv: readonly string[]): Promise<number> {
  const [tool = '', command = '', ...rest] = argv
  const { stderr } = await lab.exec(await lab.master(), [tool, command, '--submit', ...rest])
  const id = Number(/^JobID: (\d+)$/m.exec(stderr)?.[1])
  if (!(id > 0)) throw new Error(`no job number in: ${stderr}`)
  return id
}

const statuses = (messages: readonly Received[], type: string) =>
  messages.flatMap(({ body }) => (body['type'] === type ? [String(body['status'])] : []))

const normal = ['queued', 'waiting', 'running', 'success']

const delay = (seconds: number) => ['gnt-debug', 'delay', String(seconds)]

t.test('real jobs reach RabbitMQ', { skip, timeout: 600_000 }, async (t) => {
  await using lab = await openLab({
    nodes: 3,
    hypervisor: 'fake',
    shortName: 'n2',
    nonCandidate: 'n3',
    hasApi: false,
  })
  const configFile = path.join(t.testdir(), 'okeanid.ini')
  writeFileSync(
    configFile,
    `[broker]\nurl = ${lab.brokerUrl}\n[events]\nheartbeat = 1s\nrescan = 2s\n`,
  )
  await lab.deploy({ configFile })
  const port = await lab.forward('mq', 5672)
  const url = new URL(lab.brokerUrl)
  url.host = `127.0.0.1:${port}`
  await using inbox: Inbox = await openInbox(url.href)
  await Promise.all(
    lab.nodes.map((node) => lab.execOk(node, ['systemctl', 'start', 'okeanid-agent'])),
  )

  await t.test('each agent knows its node by the name that Ganeti has for it', async (t) => {
    t.equal((await lab.execOk('n2', ['hostname'])).trim(), 'n2')
    const found = await Promise.all(
      lab.nodes.map((node) => whenStatus(lab, node, ({ node }) => node !== null)),
    )
    t.strictSame(
      found.map(({ node, isMaster, isCandidate }) => [node, isMaster, isCandidate]),
      [
        ['n1.lab.example', true, true],
        ['n2.lab.example', false, true],
        ['n3.lab.example', false, false],
      ],
    )
  })

  await t.test('each node’s heartbeat arrives and says whether it is the master', async (t) => {
    for (const node of lab.nodes) {
      const isBeat = ({ routingKey, body }: Received) =>
        routingKey === 'eventd.heartbeat' && body['node'] === `${node}.lab.example`
      const { body } = await inbox.first(`a heartbeat of ${node}`, isBeat)
      t.match(body, {
        type: 'eventd-heartbeat',
        cluster: 'cluster.lab.example',
        master: node === 'n1',
      })
    }
  })

  await t.test(
    'every state of an instance’s creation, in order, with the times that gnt-job shows',
    async (t) => {
      const id = await submit(lab, [
        'gnt-instance',
        'add',
        '-t',
        'diskless',
        '-o',
        'noop+default',
        '-n',
        'n1.lab.example',
        'web1.lab.example',
      ])
      const messages = await inbox.finishedJob(id)
      t.strictSame(statuses(messages, 'ganeti-op-status'), normal)
      t.strictSame(statuses(messages, 'ganeti-job-status'), normal)
      t.ok(messages.every(({ headers }) => headers['node'] === 'n1.lab.example'))
      const op = messages.filter(({ body }) => body['type'] === 'ganeti-op-status')
      t.match(op[0], {
        routingKey: 'ganeti.web1.event.op',
        body: {
          instance: 'web1.lab.example',
          operation: 'OP_INSTANCE_CREATE',
          cluster: 'cluster.lab.example',
        },
      })
      const { queued, waiting, running, ended } = parseJobInfo(
        await lab.gnt(['gnt-job', 'info', String(id)]),
      )
      const times = op.map(({ headers }) =>
        String(headers['cloudEvents:time']).replace('T', ' ').slice(0, -1),
      )
      t.strictSame(times, [queued, waiting, running, ended])
      const summary = await lab.gnt([
        'gnt-job',
        'list',
        '--no-headers',
        '-o',
        'summary',
        String(id),
      ])
      t.strictSame(messages.at(-1)?.body['summary'], [summary.trim()])
    },
  )

  await t.test(
    'a job that was canceled while queued, whose file stays 0600 to another user',
    async (t) => {
      await lab.gnt(['gnt-cluster', 'modify', '--max-running-jobs=1'])
      const blocker = await submit(lab, delay(15)) // on a busy machine a command takes seconds
      const victim = await submit(lab, delay(1))
      await lab.gnt(['gnt-job', 'cancel', String(victim)])
      t.strictSame(statuses(await inbox.finishedJob(victim), 'ganeti-job-status'), [
        'queued',
        'canceled',
      ])
      const mode = await lab.gnt(['stat', '-c', '%a %U', `/var/lib/ganeti/queue/job-${victim}`])
      t.equal(mode.trim(), '600 gnt-masterd')
      t.strictSame(statuses(await inbox.finishedJob(blocker), 'ganeti-job-status'), normal)
      await lab.gnt(['gnt-cluster', 'modify', '--max-running-jobs=20'])
    },
  )

  await t.test('jobs that run while the broker is down arrive when it is back', async (t) => {
    await lab.execOk('mq', ['systemctl', 'stop', 'rabbitmq-server'])
    const id = await submit(lab, delay(1))
    await lab.gnt(['gnt-job', 'watch', String(id)])
    await whenStatus(lab, 'n1', ({ outbox }) => outbox.backlogMessages >= 4)
    await lab.execOk('mq', ['systemctl', 'start', 'rabbitmq-server'])
    t.strictSame(statuses(await inbox.finishedJob(id, 60_000), 'ganeti-job-status'), normal)
    await whenStatus(lab, 'n1', ({ outbox }) => outbox.backlogMessages === 0)
  })

  await t.test(
    'an agent that is killed is started anew by systemd and misses nothing',
    async (t) => {
      const { pid } = await statusOf(lab, 'n1')
      const id = await submit(lab, delay(2))
      await lab.execOk('n1', ['systemctl', 'kill', '--signal=KILL', 'okeanid-agent'])
      const seen = statuses(await inbox.finishedJob(id, 60_000), 'ganeti-job-status')
      t.strictSame([...new Set(seen)], normal)
      t.not((await statusOf(lab, 'n1')).pid, pid)
    },
  )

  await t.test('without its one capability the agent says what it cannot read', async (t) => {
    const dropIn = '/run/systemd/system/okeanid-agent.service.d/no-capability.conf'
    const script = `mkdir -p "$(dirname "$1")" && printf '[Service]\\nAmbientCapabilities=\\nCapabilityBoundingSet=\\n' >"$1" && systemctl daemon-reload && systemctl restart okeanid-agent`
    await lab.execOk('n1', ['sh', '-c', script, 'sh', dropIn])
    await until('the complaint', async () => {
      const log = await lab.execOk('n1', ['journalctl', '-q', '-o', 'cat', '-u', 'okeanid-agent'])
      return /config\.data cannot be read.*CAP_DAC_READ_SEARCH/.test(log) ? log : undefined
    })
    t.equal((await statusOf(lab, 'n1')).isMaster, false)
    const id = await submit(lab, delay(1))
    await lab.gnt(['gnt-job', 'watch', String(id)])
    await lab.execOk('n1', [
      'sh',
      '-c',
      'rm "$1" && systemctl daemon-reload && systemctl restart okeanid-agent',
      'sh',
      dropIn,
    ])
    t.strictSame(
      statuses(await inbox.finishedJob(id), 'ganeti-job-status'),
      normal,
      'and what it missed is told later',
    )
  })

  // what it may do and may not is tried in confinement.test.ts
  await t.test('its unit leaves it one capability', async (t) => {
    const { pid } = await whenStatus(lab, 'n1', ({ isMaster }) => isMaster)
    const shown = await lab.execOk('n1', [
      'grep',
      '-E',
      '^(CapEff|NoNewPrivs|Seccomp):',
      `/proc/${pid}/status`,
    ])
    t.match(shown, /CapEff:\s+0000000000000004\n/, 'CAP_DAC_READ_SEARCH and nothing else')
    t.match(shown, /NoNewPrivs:\s+1\nSeccomp:\s+2\n/)
  })

  await t.test(
    'after a failover the new master’s agent takes over, under its own name',
    async (t) => {
      await lab.execOk('n2', ['gnt-cluster', 'master-failover'])
      await whenStatus(lab, 'n2', ({ isMaster }) => isMaster)
      await whenStatus(lab, 'n1', ({ isMaster }) => !isMaster)
      const id = await submit(lab, delay(1))
      const messages = await inbox.finishedJob(id)
      t.strictSame([...new Set(statuses(messages, 'ganeti-job-status'))], normal)
      t.ok(messages.every(({ headers }) => headers['node'] === 'n2.lab.example'))
    },
  )

  await t.test(
    'same fact, same id: whatever was sent twice had one id, and no id two bodies',
    async (t) => {
      const bodies = new Map<string, string>()
      for (const { messageId, body } of inbox.received) {
        const { event_time, status, type } = body
        const text = JSON.stringify([type, event_time, status, body['ops']])
        t.equal(bodies.get(messageId) ?? text, text, messageId)
        bodies.set(messageId, text)
      }
    },
  )

  await t.test('the master says how all nodes are, over Ganeti’s ssh', async (t) => {
    const statusOfAll = async () => {
      const { code, stdout } = await lab.exec('n2', ['okeanid', 'status', '--all', '--json'])
      return { code, ...(JSON.parse(stdout) as ClusterReport) }
    }
    const { code, ok, nodes } = await statusOfAll()
    t.same([code, ok], [0, true], JSON.stringify(nodes))
    t.same(
      nodes.map(({ node, isMaster, answer, roles }) => [node, isMaster, answer, ...roles]),
      lab.nodes.map((node) => [`${node}.lab.example`, node === 'n2', 'status', 'events']),
    )
    t.equal(new Set(nodes.map(({ config }) => config)).size, 1, 'one configuration')
    await lab.execOk('n3', [
      'sh',
      '-c',
      "printf '\\n[dhcp]\\nlease = 2h\\n' >>/etc/okeanid/okeanid.ini",
    ])
    const drifted = await statusOfAll()
    t.same([drifted.code, drifted.ok], [1, false])
    t.same(
      drifted.nodes.filter(({ troubles }) => troubles.length > 0).map(({ node }) => node),
      ['n3.lab.example'],
      'whose configuration is another',
    )
    const { code: refused, stderr } = await lab.exec('n1', ['okeanid', 'status', '--all'])
    t.not(refused, 0)
    t.match(stderr, /only the master may: run it on n2/)
  })

  await t.test('the agents logged no failure and stop in order', async (t) => {
    for (const node of lab.nodes) {
      await lab.execOk(node, ['systemctl', 'stop', 'okeanid-agent'])
      const result = await lab.execOk(node, [
        'systemctl',
        'show',
        '-p',
        'Result',
        '--value',
        'okeanid-agent',
      ])
      t.equal(result.trim(), 'success', node)
      const log = await lab.execOk(node, [
        'journalctl',
        '-q',
        '-o',
        'cat',
        '-p',
        'err',
        '-u',
        'okeanid-agent',
      ])
      t.notMatch(log, /Error|failed/i, node)
    }
  })
})
