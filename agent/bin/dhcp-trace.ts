/**
 * `okeanid dhcp trace`: prints what guests ask and what they are told, one line an exchange, as it happens. It asks the running
 * responder over its socket; the responder describes packets only while somebody looks. Ends with Ctrl-C.
 */

import { AgentError } from '#errors.js'
import type { Description } from '#responder/describe/description.js'
import { loadConfig } from '#service/config.js'
import { printable, printLine } from '#service/log.js'
import { signalOfProcess } from '#service/signals.js'
import { followStatusSocket } from '#service/status-socket.js'
import { pathsOf } from './paths.js'
import type { TraceLine } from './trace-feed.js'

/** Facts of a request that a line has room for. */
const requestFacts = ['xid', 'host', 'requested', 'ciaddr', 'vendor', 'target', 'iaid']

/** Facts of an answer that a line has room for. */
const answerFacts = [
  'yiaddr',
  'lease',
  'message',
  'lifetime',
  'prefix',
  'target-mac',
  'address',
  'status',
]

/** Prints exchanges until told to stop. @throws AgentError AGENT_NOT_RUNNING, AGENT_BUSY */
export async function traceExchanges(
  location: { readonly file: string; readonly isRequired: boolean },
  { nic, json }: { readonly nic?: string; readonly json?: true },
): Promise<void> {
  const { config } = await loadConfig(location.file, location)
  const socket = pathsOf(config).statusSocket('responder')
  const route = nic === undefined ? '/trace' : `/trace?${new URLSearchParams({ nic })}`
  for await (const line of followStatusSocket(socket, route, signalOfProcess())) {
    const told = JSON.parse(line) as TraceLine | LeftOut | Refused
    if ('problem' in told) throw new AgentError('AGENT_BUSY', told.problem)
    printLine(json ? line : traceText(told))
  }
}

interface Refused {
  readonly timeMs: number
  readonly problem: string
}

interface LeftOut {
  readonly timeMs: number
  readonly leftOut: number
}

/** `18:04:05.123  vm1/0 tap0  DHCPDISCOVER xid=1a2b3c4d -> DHCPOFFER yiaddr=192.0.2.7 lease=86400s` */
export function traceText(line: TraceLine | LeftOut): string {
  const time = new Date(line.timeMs).toISOString().slice(11, 23)
  if ('leftOut' in line) return `${time}  ${line.leftOut} exchanges are not shown: too many at once`
  const { tap, instance, nic, ifindex, request } = line
  const who = tap === null ? `interface ${ifindex}` : `${instance}/${nic} ${tap}`
  return printable(`${time}  ${who}  ${short(request, requestFacts)} -> ${endText(line)}`)
}

function endText({ answer, outcome, passes }: TraceLine): string {
  if (answer === null) return `${passes ? 'passes' : 'dropped'}: ${outcome}`
  return `${short(answer, answerFacts)}${passes ? ' (and the request passes on)' : ''}`
}

function short({ what, facts }: Description, wanted: readonly string[]): string {
  const shown = facts.filter(([name]) => wanted.includes(name))
  return [what, ...shown.map(([name, value]) => `${name}=${value}`)].join(' ')
}
