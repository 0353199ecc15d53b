/**
 * `okeanid dhcp list`: the NICs that the responder on this node serves, what they were told last, and what was refused.
 */
import { loadConfig } from '#service/config.js'
import { printable, printLine } from '#service/log.js'
import { askStatusSocket } from '#service/status-socket.js'
import { pathsOf } from './paths.js'
import type { NicStatus } from './responder-status.js'

/** Prints one line a NIC. @throws AgentError AGENT_NOT_RUNNING */
export async function listNics(
  location: { readonly file: string; readonly isRequired: boolean },
  { json }: { readonly json?: true },
): Promise<void> {
  const { config } = await loadConfig(location.file, location)
  const answer = await askStatusSocket(pathsOf(config).statusSocket('responder'), '/nics')
  const nics = JSON.parse(answer) as readonly NicStatus[]
  if (json) printLine(JSON.stringify(nics, null, 2))
  else if (nics.length === 0)
    printLine(
      'no NIC is served: no binding whose tap is here belongs to a network with tag nfdhcpd or okeanid:dhcp',
    )
  else for (const line of table(nics)) printLine(line)
}

function table(nics: readonly NicStatus[]): readonly string[] {
  const rows = [
    ['INSTANCE', 'NIC', 'TAP', 'MAC', 'ADDRESS', 'SERVICES', 'LAST ANSWER', 'OUTCOMES'],
    ...nics.map(row),
  ]
  const widths =
    rows[0]?.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0))) ?? []
  return rows.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

function row(nic: NicStatus): readonly string[] {
  const last =
    nic.lastAnswerMs === null
      ? 'never'
      : `${nic.lastAnswer} ${new Date(nic.lastAnswerMs).toISOString().slice(0, 19)}Z`
  const outcomes = Object.entries(nic.outcomes).map(([name, count]) => `${name} ${count}`)
  return [
    nic.instance,
    nic.nic,
    nic.tap,
    nic.mac,
    nic.address ?? '-',
    nic.services.join(',') || '-',
    last,
    outcomes.join(', ') || '-',
  ].map(printable)
}
