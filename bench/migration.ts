/**
 * What peers of a guest notice of a live migration: Okeanid's set-up against Ganeti's own script, on one laboratory of two nodes, in one
 * run; bridged and routed, under a ping each 20 ms and a TCP stream that last from before to after. Then how often the source still answers
 * neighbour solicitations for a routed guest that left, with and without the role that clears up after it.
 *
 *     node dist/bench/migration.js [migrations of each kind, 2]
 */
import { type Lab, openLab } from '../test/lab/lab.js'
import { type MigrationReport, measureMigration } from '../test/lab/migration.js'
import { printTable } from './harness.js'

const [, , roundsText = '2'] = process.argv
const modes = {
  bridged: { ip: '192.0.2.41', gateway: '192.0.2.1' },
  routed: { ip: '203.0.113.41', gateway: '203.0.113.1' },
} as const
type Mode = keyof typeof modes
const roles = ['okeanid-responder', 'okeanid-nics']

const rows: string[][] = []
await using lab = await openLab({ nodes: 2, hasBroker: false, hasApi: false })
await lab.deploy()
for (const node of lab.nodes) await lab.execOk(node, ['systemctl', 'start', ...roles])
await measureAll('okeanid')
const answers = [await strayAnswers('running'), await strayAnswers('stopped')]
for (const node of lab.nodes) {
  await lab.execOk(node, ['systemctl', 'stop', ...roles])
  await lab.execOk(node, ['okeanid', 'hooks', 'remove'])
}
await measureAll('Ganeti’s own')
printTable(
  ['script', 'mode', 'lost of 20 ms pings', 'longest gap', 'TCP longest gap', 'TCP whole'],
  rows,
)

printTable(
  ['nics role at the source', 'answers by the source, of 20 neighbour solicitations'],
  answers,
)

/** Asks for a guest's IPv6 address after it left n1, each time anew. */
async function strayAnswers(role: 'running' | 'stopped'): Promise<string[]> {
  await addGuest(lab, 'routed')
  const text = await lab.execOk('n1', ['ip', '-6', 'neigh', 'show', 'proxy', 'dev', 'br0'])
  const ip6 = /^([0-9a-f:]+)/.exec(text)?.[1] ?? ''
  if (role === 'stopped') await lab.execOk('n1', ['systemctl', 'stop', 'okeanid-nics'])
  await lab.gnt(['gnt-instance', 'migrate', '-f', 'routed.lab.example'])
  const mac = (await lab.execOk('n1', ['cat', '/sys/class/net/br0/address'])).trim()
  const filter = `icmp6 and ip6[40] == 136 and ether src ${mac}`
  const dump = lab.hubSpawn(['tcpdump', '-nn', '-l', '-i', 'br-pub', filter])
  let heard = ''
  dump.stdout.on('data', (part) => {
    heard += String(part)
  })
  await new Promise((resolve) => dump.stderr.once('data', resolve))
  const once = `ip -6 neigh flush to ${ip6} >/dev/null 2>&1; ping -c 1 -W 1 ${ip6} >/dev/null`
  for (let ask = 0; ask < 20; ask++) await lab.execOk('hub', ['sh', '-c', `${once} || :`])
  dump.kill('SIGTERM')
  const bySource = heard.split('\n').filter((line) => line.includes(ip6)).length
  await lab.execOk('n1', ['systemctl', 'start', 'okeanid-nics'])
  await lab.vm.remove('routed')
  return [role, String(bySource)]
}

async function measureAll(script: string): Promise<void> {
  for (const mode of ['bridged', 'routed'] as const) {
    await addGuest(lab, mode)
    for (let round = 0; round < Number(roundsText); round++) {
      const report = await measureMigration(lab, { name: mode, ip: modes[mode].ip }, async () => {
        await lab.gnt(['gnt-instance', 'migrate', '-f', `${mode}.lab.example`])
      })
      rows.push([script, mode, ...cells(report)])
      console.error(rows.at(-1)?.join('  '))
    }
    await lab.vm.remove(mode)
  }
}

/** With an address of its own choice: Ganeti's script serves no DHCP. */
async function addGuest(on: Lab, mode: Mode): Promise<void> {
  const { ip, gateway } = modes[mode]
  await on.vm.add(mode, { node: 'n1', mode, ip, kernelArgs: 'labmode=static' })
  if ((await on.vm.wait(mode, 'LABBOOT', 90)) === undefined)
    throw new Error(`${mode} does not boot`)
  await on.vm.sh(mode, `ip addr add ${ip}/24 dev eth0; ip route add default via ${gateway}`)
}

function cells({ lost, sent, longestGapMs, stream }: MigrationReport): readonly string[] {
  const whole = stream.isWhole
    ? 'yes'
    : `no: ${stream.problem ?? `${stream.echoed}/${stream.sent}`}`
  return [`${lost} of ${sent}`, `${longestGapMs} ms`, `${stream.longestGapMs} ms`, whole]
}
