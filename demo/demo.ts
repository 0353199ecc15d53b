/**
 * `npm run demo`: a real Ganeti cluster in containers, our agent on each node, the central API beside it. A tenant uses Debian's own
 * OpenStack client, an administrator Ganeti's commands; beside what they type are shown the messages that a consumer on RabbitMQ receives,
 * what guests ask and are told, as it comes, and what the API says afterwards.
 *
 * Everything happens in namespaces of its own and is gone afterwards, also on Ctrl-C. Steps that the operator would type are
 * printed with a `$`; each is compared with Ganeti's own `gnt-job info`.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { type LabCentral, openCentral } from '../test/lab/central.js'
import { type Lab, openLab } from '../test/lab/lab.js'
import { labPackages, setUpAgents } from '../test/lab/packages.js'
import { type Inbox, openInbox, type Received } from '../test/support/inbox.js'
import { until } from '../test/support/until.js'
import { compareWithGaneti } from './compare.js'
import { type Exchanges, printExchanges } from './exchanges.js'
import { createScreen } from './screen.js'
import { printTimeline } from './timeline.js'

const nodeCount = 2
const server = 'web'
/** Ganeti's name of the first server. */
const instance = 'snf-1'

const screen = createScreen()
const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => {
    screen.say('told to stop, cleaning up')
    stop.abort()
  })
}

try {
  screen.title(
    `A Ganeti cluster of ${nodeCount} nodes, RabbitMQ, the Okeanid agent on each node, and the central API`,
  )
  await using lab = await screen.timed('the cluster is up', () => openLab({ nodes: nodeCount }))
  const packages = await screen.timed('Debian packages of this tree are there', () => labPackages())
  await screen.timed('okeanid-agent is installed on each node with apt', () =>
    lab.install([packages.agent]),
  )
  await using inbox = await screen.timed('a consumer is bound to exchange ganeti', () =>
    openConsumer(lab),
  )
  await screen.timed('Ganeti calls the agents, and they know the broker', () => startAgents(lab))
  const central = await screen.timed(
    'okeanid-central is installed, and knows the cluster, a tenant, two flavors, an image and a network',
    () => openCentral(lab, packages.central),
  )
  const exchanges = printExchanges(lab, screen)
  const ended = printTimeline(inbox, screen, stop.signal)
  await show({ lab, inbox, central }, exchanges)
  stop.abort()
  await ended
  screen.title('That was it. Everything is taken down again.')
} catch (error) {
  if (!stop.signal.aborted) {
    screen.say(`the demo failed: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
  stop.abort() // what still prints would keep the process alive
}

async function openConsumer(lab: Lab): Promise<Inbox> {
  const url = new URL(lab.brokerUrl)
  url.host = `127.0.0.1:${await lab.forward('mq', 5672)}`
  return await openInbox(url.href)
}

async function startAgents(lab: Lab): Promise<void> {
  await setUpAgents(lab)
  const master = await lab.master()
  await until('the master’s agent', async () => {
    const { stdout } = await lab.exec(master, ['okeanid', 'status', '--json'])
    return /"isMaster": true/.test(stdout) && /"state": "connected"/.test(stdout) ? true : undefined
  })
}

/** What everything is shown on. */
interface Stage {
  readonly lab: Lab
  readonly inbox: Inbox
  readonly central: LabCentral
}

/** What a tenant and an administrator do in a day, in half a minute. */
async function show(stage: Stage, exchanges: Exchanges): Promise<void> {
  const { lab, central } = stage
  await tenant(stage, ['token', 'issue', '-c', 'expires'])
  const create = ['server', 'create', '--flavor', 'tiny', '--image', 'guest', '--network', 'net']
  await ask(stage, { argv: [...create, server], status: 'ACTIVE' })
  for (const word of ['LABBOOT', 'LABLEASE']) {
    const line = await lab.vm.wait('central', word, 180)
    screen.say(`the guest’s console: ${line?.trim().split('\n')[0] ?? `no ${word}`}`)
  }
  await tenant(stage, ['server', 'list'])
  screen.title('The administrator goes past the API, and it follows')
  await step(stage, `gnt-instance migrate -f ${instance}`, () =>
    lab.gnt(['gnt-instance', 'migrate', '-f', instance]),
  )
  await step(stage, `gnt-instance shutdown --timeout=0 ${instance}`, () =>
    lab.gnt(['gnt-instance', 'shutdown', '--timeout=0', instance]),
  )
  await become(central, 'SHUTOFF')
  await tenant(stage, ['server', 'show', server, '-c', 'status', '-c', 'addresses'])
  screen.title('The tenant goes on')
  await ask(stage, { argv: ['server', 'start', server], status: 'ACTIVE' })
  await ask(stage, { argv: ['server', 'reboot', '--hard', server], status: 'ACTIVE' })
  await tenant(stage, ['console', 'url', 'show', server])
  await ask(stage, { argv: ['server', 'delete', server], status: 'gone' })
  await tenant(stage, ['server', 'list'])
  screen.say(`leases given: ${exchanges.count(/DHCPACK/)}`)
  screen.title('okeanid status, on the master')
  screen.block(await lab.execOk(await lab.master(), ['okeanid', 'status']))
}

/** Something that the tenant has done: its job is shown, and the API says the same in the end. */
async function ask(
  stage: Stage,
  { argv, status }: { readonly argv: readonly string[]; readonly status: string },
): Promise<void> {
  const { openstack } = stage.central
  await step(stage, `openstack ${argv.join(' ')}`, async () => {
    const { code, stderr } = await openstack(argv)
    if (code !== 0) throw new Error(`openstack ${argv.join(' ')}: ${stderr}`)
  })
  await become(stage.central, status)
  screen.say(`the API says that ${server} is ${status}`)
}

/** What the tenant looks at, as the client prints it. */
async function tenant({ central }: Stage, argv: readonly string[]): Promise<void> {
  stop.signal.throwIfAborted()
  screen.command(`openstack ${argv.join(' ')}`)
  const { stdout, stderr } = await central.openstack(argv)
  screen.block(`${stdout}${stderr}`.trim() || '(nothing)')
}

async function become({ url, ask: read }: LabCentral, status: string): Promise<void> {
  await until(
    `${url} to say that ${server} is ${status}`,
    async () => {
      stop.signal.throwIfAborted()
      const servers = (await read(['server', 'list'])) as readonly { readonly Status: string }[]
      return (servers[0]?.Status ?? 'gone') === status ? true : undefined
    },
    { deadlineMs: 120_000, everyMs: 500 },
  )
}

/** Runs one command and, once its job's end arrived, puts what came beside what Ganeti says of the job. */
async function step(
  { lab, inbox }: Stage,
  typed: string,
  run: () => Promise<unknown>,
): Promise<void> {
  stop.signal.throwIfAborted()
  const before = inbox.received.length
  screen.command(typed)
  await run()
  const { body } = await until('the job’s first message', () =>
    inbox.received.slice(before).find((message) => isQueuedOp(message)),
  )
  const jobId = Number(body['jobId'])
  const messages = await inbox.finishedJob(jobId)
  await delay(50) // the timeline prints first
  compareWithGaneti(screen, {
    info: await lab.gnt(['gnt-job', 'info', String(jobId)]),
    messages,
    jobId,
  })
}

/** What nodes tell of the instance (its NIC came up, it took its lease) may come first: it names no job. */
function isQueuedOp({ body }: Received): boolean {
  return (
    body['type'] === 'ganeti-op-status' &&
    body['instance'] === instance &&
    body['status'] === 'queued'
  )
}
