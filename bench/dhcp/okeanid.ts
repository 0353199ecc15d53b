import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type Client,
  domain,
  leaseSeconds,
  nameservers,
  nameservers6,
  network,
  queues,
  serverIp,
} from './clients.js'
import type { Limits, ServerKind } from './server.js'
import type { Stage } from './stage.js'

const program = fileURLToPath(new URL('../../agent/bin/okeanid.js', import.meta.url))
const unit = fileURLToPath(new URL('../../../systemd/okeanid-responder.service', import.meta.url))

/** Our responder as a process of its own, with all it does in service; only the rules are the bench's own. */
export const okeanid: ServerKind = {
  name: 'okeanid',
  isQueueing: true,
  hasRa: true,
  prepare(stage, clients, limits) {
    const folder = path.join(stage.directory, 'nics')
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder)
    for (const client of clients) writeBinding(folder, client)
    const config = path.join(stage.directory, 'okeanid.ini')
    writeFileSync(config, configText(stage, folder, limits))
    return {
      command: [process.execPath, program, 'agent', '--role', 'responder', '-c', config],
      env: unitEnvironment(),
      add: (client) => writeBinding(folder, client),
    }
  },
}

function configText(stage: Stage, folder: string, limits: Limits): string {
  return `[agent]
state_directory = ${stage.directory}
runtime_directory = ${stage.directory}
log_level = warning
[responder]
networks = *
nics_directory = ${folder}
${limits === 'raised' ? 'rate = 100000\nburst = 100000' : ''}
[queueing]
manage = no
dhcp_queue = ${queues.dhcp}
rs_queue = ${queues.rs}
[dhcp]
lease = ${leaseSeconds / 86_400}d
nameservers = ${[...nameservers, ...nameservers6].join(', ')}
domain = ${domain}
`
}

/** What the packaged unit sets, such as flags of Node. */
function unitEnvironment(): Readonly<Record<string, string>> {
  const lines = readFileSync(unit, 'utf8').matchAll(/^Environment=(\w+)=(.*)$/gm)
  return Object.fromEntries([...lines].map(([, name = '', value = '']) => [name, value]))
}

/** Puts the binding of one client in place, as `okeanid nic up` would. */
function writeBinding(folder: string, client: Client): void {
  const binding = {
    version: 1,
    tap: client.device,
    mac: client.mac,
    instance: client.hostname,
    mode: 'routed',
    nic: { index: 0 },
    network: {
      name: client.network,
      subnet: `${network.address}/${network.length}`,
      gateway: serverIp,
      subnet6: `${client.prefix6}/64`,
    },
    ip: client.ip,
  }
  const file = path.join(folder, `${client.hostname}.json`)
  writeFileSync(`${folder}.new`, JSON.stringify(binding))
  renameSync(`${folder}.new`, file)
}
