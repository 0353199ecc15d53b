/**
 * The responder role: what guests ask their network is answered, each NIC from its own binding.
 *
 *     bindings task   files + interfaces -> NICs that are live -> dispatcher
 *     queues          kernel queue -> packet-loop.ts: decide, answer, verdict
 *     first acks      the first DHCPACK of each tap -> spool of the events role
 *     advertise task  unasked router advertisements, spread over time
 *
 * Start-up: all bindings and all interfaces first, then the queues, so that no guest is told that nobody knows it; then READY.
 * Failure: a queue that another program has is tried again; a packet that finds a bug costs that packet; a binding that
 * cannot be used leaves its NIC as it was. Stopping says nothing to guests: they keep what they have, and the next
 * responder tells them the same. Ignored on purpose: leases. There are none; a NIC has one address.
 */
import { openFrames } from '#kernel/frames.js'
import { createDispatcher } from '#responder/dispatch.js'
import type { Packet } from '#responder/outcome.js'
import { createAdvertiser } from '#responder/ra/advertiser.js'
import type { RaMoment } from '#responder/ra/schedule.js'
import type { Log } from '#service/log.js'
import { createMetrics } from '#service/metrics.js'
import type { NodeConfig } from '#service/node-config.js'
import { openStatusSocket, type StatusRoute } from '#service/status-socket.js'
import { advertiseTask, monotonicSeconds } from './advertise-task.js'
import { firstAckFile, openFirstAcks } from './first-acks.js'
import { openLiveNics } from './live-nics.js'
import { pathsOf } from './paths.js'
import { addResponderMetrics } from './responder-metrics.js'
import { openResponderQueues } from './responder-queues.js'
import {
  describeResponder,
  nicStatus,
  type ResponderParts,
  responderStatus,
} from './responder-status.js'
import type { Role } from './role.js'
import { createTraceFeed } from './trace-feed.js'

/** How often a packet that broke the responder is logged; the counter knows of all. */
const errorLogMs = 10_000

/** Opens everything that the role needs; ready when every NIC of this host is known and the queues are asked for. */
export async function openResponderRole(config: NodeConfig, log: Log): Promise<Role> {
  const { rate, burst } = config.responder
  const dispatcher = createDispatcher({ perSecond: rate, burst }, createErrorLog(log))
  const frames = openFrames()
  const sending = { sent: 0, refused: new Map<number, number>() }
  const onSent = (sent: number, refused: readonly number[]): void => {
    sending.sent += sent
    for (const errno of refused) sending.refused.set(errno, (sending.refused.get(errno) ?? 0) + 1)
  }
  const advertiser = createAdvertiser(dispatcher.put)
  const moment = (): RaMoment => ({ nowSeconds: monotonicSeconds(), random: Math.random() })
  const paths = pathsOf(config)
  const places = {
    spoolDirectory: paths.responderSpool,
    stateFile: firstAckFile(paths.statusSocket('responder')),
  }
  const firstAcks = await openFirstAcks(places, log)
  const onAcknowledged = (at: number, sourceMac: number | undefined): void => {
    const nic = dispatcher.find(at, sourceMac)
    if (nic !== undefined) firstAcks.onAcknowledged(at, nic.service)
  }
  const nics = await openLiveNics(config, log, {
    onLive: (nic) => advertiser.put(nic.ifindex, nic.service, nic, moment()),
    onGone({ ifindex, service: { mac } }, isTapGone) {
      if (isTapGone) firstAcks.forget(ifindex)
      dispatcher.remove(ifindex, mac)
      if (isTapGone) advertiser.forget(ifindex, mac)
      else advertiser.remove(ifindex, mac, moment())
    },
  })
  const trace = createTraceFeed(dispatcher, config.responder)
  const closers: (() => unknown)[] = [
    () => frames.close(),
    () => firstAcks[Symbol.asyncDispose](),
    nics.close,
  ]
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    const observer = trace.observer
    const queues = openResponderQueues({
      ...{ config, log, dispatcher, frames, observer, onAcknowledged, onSent },
    })
    closers.push(() => queues[Symbol.asyncDispose]())
    const parts = (): ResponderParts => ({
      ...{ config: nics.config(), dispatcher, nics, queues, sending },
    })
    const metrics = createMetrics()
    addResponderMetrics(metrics, parts())
    const status = () => responderStatus(parts())
    const socket = await openStatusSocket(paths.statusSocket('responder'), {
      '/status': json(() => status()),
      '/nics': json(() => dispatcher.nics().map(nicStatus)),
      '/trace': { contentType: 'application/jsonl', follow: trace.follow },
      '/metrics': { contentType: 'text/plain; version=0.0.4', read: metrics.format },
    })
    closers.push(() => socket.close())
    return {
      tasks: [nics.task, advertiseTask({ advertiser, frames, onSent })],
      summary: () => describeResponder(status()),
      adopt: nics.change,
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

function json(read: () => unknown): StatusRoute {
  return { contentType: 'application/json', read: () => JSON.stringify(read()) }
}

/** The packet goes into the log, so that it can be tried again with `okeanid dhcp explain`; but a flood of them does not. */
function createErrorLog(log: Log): (error: unknown, packet: Packet) => void {
  let loggedMs = Number.NEGATIVE_INFINITY
  return (error, { bytes, at, length }) => {
    const nowMs = performance.now()
    if (nowMs - loggedMs < errorLogMs) return
    loggedMs = nowMs
    const packet = Buffer.from(bytes.subarray(at, at + length)).toString('hex')
    log('error', 'packet-broke-the-responder', {
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      packet,
    })
  }
}
