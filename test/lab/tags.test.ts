import t from 'tap'
import { until } from '../support/until.js'
import { labUnavailable } from './command.js'
import { type Lab, openLab } from './lab.js'

/** How a guest is started, and where: on a node that has neither Ganeti's queue nor its configuration. */
const instance = 'fw1.lab.example'
const address = '203.0.113.31'
const roles = ['okeanid-agent', 'okeanid-responder', 'okeanid-nics']

/** Tries a TCP port from the hub: a guest where nobody listens answers too, and says no. */
const knock = `
import socket, sys
try: socket.create_connection(('${address}', int(sys.argv[1])), 1.5).close()
except ConnectionRefusedError: pass
except OSError: sys.exit(1)`

async function isReached(lab: Lab, port: number): Promise<boolean> {
  const { code } = await lab.exec('hub', ['python3', '-c', knock, String(port)])
  return code === 0
}

/** Waits until both ports are as they shall be; how long that took. */
async function becomes(lab: Lab, ssh: boolean, http: boolean): Promise<number> {
  const startMs = performance.now()
  await until(
    `port 22 ${ssh ? 'open' : 'closed'}, port 80 ${http ? 'open' : 'closed'}`,
    async () => {
      const [ssh22, http80] = await Promise.all([isReached(lab, 22), isReached(lab, 80)])
      return (ssh22 === ssh && http80 === http) || undefined
    },
    { deadlineMs: 60_000 },
  )
  return performance.now() - startMs
}

t.test(
  'a firewall tag reaches a running guest on a node that is no master candidate',
  { skip: labUnavailable() ?? false, timeout: 600_000 },
  async (t) => {
    const lab = await openLab({ nodes: 2, nonCandidate: 'n2', hasApi: false })
    t.teardown(() => lab.close())
    await lab.deploy()
    await Promise.all(lab.nodes.map((node) => lab.execOk(node, ['systemctl', 'start', ...roles])))
    const candidates = await lab.execOk('n1', ['cat', '/var/lib/ganeti/ssconf_master_candidates'])
    t.notMatch(candidates, 'n2.lab.example')
    await lab.vm.add('fw1', { node: 'n2', mode: 'routed', ip: address })
    t.ok(await lab.vm.wait('fw1', 'LABLEASE.*"event":"bound"', 180), 'it has its address')
    const pid = async (): Promise<string> =>
      (await lab.execOk('n2', ['cat', `/run/ganeti/kvm-hypervisor/pid/${instance}`])).trim()
    const before = await pid()
    await becomes(lab, true, true)

    const change = async (verb: string, profile: string): Promise<void> => {
      await lab.gnt(['gnt-instance', `${verb}-tags`, instance, `okeanid:firewall:0:${profile}`])
    }
    for (const { name, act, ssh, http } of [
      { name: 'protected', act: () => change('add', 'protected'), ssh: false, http: false },
      { name: 'open again', act: () => change('remove', 'protected'), ssh: true, http: true },
      { name: 'limited', act: () => change('add', 'limited'), ssh: true, http: false },
    ]) {
      await t.test(`${name} within seconds`, async (t) => {
        await act()
        const tookMs = await becomes(lab, ssh, http)
        t.comment(`${name}: ${Math.round(tookMs)} ms after gnt-instance had ended`)
        t.ok(tookMs < 15_000)
      })
    }
    t.equal(await pid(), before, 'and the guest was not restarted')

    await t.test('an operation leaves word on the node, which is taken', async (t) => {
      const spool = '/var/lib/okeanid/spool/hints'
      const files = async (): Promise<string> => await lab.execOk('n2', ['ls', spool])
      await until('an empty spool', async () => (await files()) === '' || undefined)
      await lab.execOk('n2', ['systemctl', 'stop', 'okeanid-nics'])
      await lab.gnt(['gnt-instance', 'modify', '-B', 'auto_balance=false', instance])
      t.ok(await until('a hint', async () => /^\S+\.json\n$/.test(await files()) || undefined))
      await lab.execOk('n2', ['systemctl', 'start', 'okeanid-nics'])
      await until('an empty spool', async () => (await files()) === '' || undefined)
      await becomes(lab, true, false)
    })
  },
)
