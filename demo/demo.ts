/**
 * `npm run demo`: a real Ganeti cluster in containers, our agent on each node, and beside what an operator types the messages
 * that a consumer on RabbitMQ receives, and what guests ask and are told, as it comes.
 *
 * Everything happens in namespaces of its own and is gone afterwards, also on Ctrl-C. Steps that the operator would type are
 * printed with a `$`; each is compared with Ganeti's own `gnt-job info`.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { type Lab, openLab } from '../test/lab/lab.js'
import { type Inbox, openInbox, type Received } from '../test/support/inbox.js'
import { until } from '../test/support/until.js'
import { compareWithGaneti } from './compare.js'
import { type Exchanges, printExchanges } from './exchanges.js'
import { createScreen } from './screen.js'
import { printTimeline } from './timeline.js'

const nodeCount = 2
const vmName = 'demo1'
const instance = `${vmName}.lab.example`
const units = ['okeanid-agent', 'okeanid-responder', 'okeanid-nics']

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
    `A Ganeti cluster of ${nodeCount} nodes, RabbitMQ, and the Okeanid agent on each node`,
  )
  await using lab = await screen.timed('the cluster is up', () =>
    openLab({ nodes: nodeCount, hasApi: false }),
  )
  await screen.timed('the agent is installed on each node, confined by its systemd unit', () =>
    lab.deploy(),
  )
  await using inbox = await screen.timed('a consumer is bound to exchange ganeti', () =>
    openConsumer(lab),
  )
  await screen.timed('the agents run', () => startAgents(lab))
  const exchanges = printExchanges(lab, screen)
  const ended = printTimeline(inbox, screen, stop.signal)
  await show(lab, inbox, exchanges)
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
  await Promise.all(lab.nodes.map((node) => lab.execOk(node, ['systemctl', 'start', ...units])))
  const master = await lab.master()
  await until('the master’s agent', async () => {
    const { stdout } = await lab.exec(master, ['okeanid', 'status', '--json'])
    return /"isMaster": true/.test(stdout) && /"state": "connected"/.test(stdout) ? true : undefined
  })
}

/** What an operator does in a day, in half a minute. */
async function show(lab: Lab, inbox: Inbox, exchanges: Exchanges): Promise<void> {
  await step(
    lab,
    inbox,
    `gnt-instance add -t diskless -o noop+default -n n1.lab.example … ${instance}`,
    () => lab.vm.add(vmName, { node: 'n1', mode: 'routed' }),
  )
  for (const word of ['LABBOOT', 'LABLEASE', 'LAB6']) {
    const line = await lab.vm.wait(vmName, word, 180)
    screen.say(`the guest’s console: ${line?.trim().split('\n')[0] ?? `no ${word}`}`)
  }
  for (const command of [
    ['gnt-instance', 'migrate', '-f', instance],
    ['gnt-instance', 'reboot', '--shutdown-timeout=0', instance],
    ['gnt-instance', 'shutdown', '--timeout=0', instance],
    ['gnt-instance', 'startup', instance],
    ['gnt-instance', 'remove', '-f', '--shutdown-timeout=0', instance],
  ]) {
    stop.signal.throwIfAborted()
    await step(lab, inbox, command.join(' '), () => lab.gnt(command))
  }
  screen.say(`leases given: ${exchanges.count(/DHCPACK/)}`)
  screen.title('okeanid status, on the master')
  screen.block(await lab.execOk(await lab.master(), ['okeanid', 'status']))
}

/** Runs one command and, once its job's end arrived, puts what came beside what Ganeti says of the job. */
async function step(
  lab: Lab,
  inbox: Inbox,
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
