import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { until } from '../support/until.js'
import { labUnavailable } from './command.js'
import { type Lab, openLab } from './lab.js'
import type { VmOptions } from './vm.js'

/**
 * Guests of a real cluster of two nodes, with QEMU's taps, the kernels and clients of Debian and of busybox, and the roles of
 * the agent confined by their units. test/clients has the same clients in namespaces, and more of what they do.
 */

const skip = labUnavailable() ?? false

const config = `[broker]
enabled = no
[dhcp]
nameservers = 198.51.100.53, 2001:db8:1::53
ntp = 192.0.2.123
mtu = 1400
`

/** An address of the management segment: guests reach it through their gateway alone. */
const beyond = '198.51.100.254'

const roles = ['okeanid-agent', 'okeanid-responder', 'okeanid-nics']

/** Where the first free addresses of the lab's networks are, and what their guests are told. */
const networks = {
  bridged: { prefix: '192.0.2', gateway: '192.0.2.1' },
  routed: { prefix: '203.0.113', gateway: '203.0.113.1' },
} as const

/** The router of routed guests on every node: what the constant hardware address of the taps gives. */
const gateway6 = 'fe80::ce47:52ff:fe4e:4554'

interface Guest {
  readonly name: string
  readonly node: string
  readonly mode: 'bridged' | 'routed'
  readonly ip: string
  readonly client: 'udhcpc' | 'dhcpcd' | 'dhclient' | 'networkd'
}

const guests: readonly Guest[] = [
  { name: 'bb1', node: 'n1', mode: 'bridged', ip: '192.0.2.21', client: 'udhcpc' },
  { name: 'bb2', node: 'n1', mode: 'routed', ip: '203.0.113.22', client: 'udhcpc' },
  { name: 'net1', node: 'n1', mode: 'bridged', ip: '192.0.2.23', client: 'networkd' },
  { name: 'net2', node: 'n2', mode: 'routed', ip: '203.0.113.24', client: 'networkd' },
  { name: 'cd1', node: 'n2', mode: 'bridged', ip: '192.0.2.25', client: 'dhcpcd' },
  { name: 'isc1', node: 'n2', mode: 'routed', ip: '203.0.113.26', client: 'dhclient' },
]

t.test('the responder on a cluster of two nodes', { skip }, async (t) => {
  const lab = await openLab({ nodes: 2, hasBroker: false, hasApi: false })
  t.teardown(() => lab.close())
  const configFile = path.join(t.testdir(), 'okeanid.ini')
  writeFileSync(configFile, config)
  await lab.deploy({ configFile })
  await Promise.all(lab.nodes.map((node) => lab.execOk(node, ['systemctl', 'start', ...roles])))
  for (const guest of guests) await lab.vm.add(guest.name, optionsOf(guest))

  for (const guest of guests) {
    const { name, client, mode, ip } = guest
    t.test(`${client} on a ${mode} tap has its address, and reaches the world`, async (t) => {
      const { prefix, gateway } = networks[mode]
      if (client === 'udhcpc') {
        const lease = await lab.vm.wait(name, `LABLEASE.*"event":"bound","ip":"${ip}"`, 180)
        t.match(lease, `"mask":"24","router":"${gateway}","serverid":"${gateway}"`)
        t.match(lease, '"dns":"198.51.100.53"')
        t.match(lease, `"hostname":"${name}","mtu":"1400","ntp":"192.0.2.123"`)
      } else {
        const address = `eth0=${prefix}\\.${ip.split('.').at(-1)}/24`
        const wanted = `LABADDR.*"v4":"${address} ".*default via ${gateway} `
        t.ok(await lab.vm.wait(name, wanted, 180))
      }
      // Debian's dhclient takes the MTU; networkd and dhcpcd leave the interface's alone
      if (client === 'dhclient') t.match(await lab.vm.log(name), '"mtu":"1400"')
      await reaches(lab, name, beyond)
    })
  }

  t.test('routed guests make an address of their own and know their router', async (t) => {
    for (const { name, client } of guests.filter(({ mode }) => mode === 'routed')) {
      const wanted =
        client === 'udhcpc'
          ? `LAB6.*"addr":"2001:db8:2:0:[^"]*/64 ","gw":"${gateway6} "`
          : `LABADDR.*"v6":"eth0=2001:db8:2:0:[^"]*/64 ".*default (nhid [0-9]+ )?via ${gateway6}`
      t.ok(await lab.vm.wait(name, wanted, 180), name)
    }
    await reaches(lab, 'bb2', '2001:db8:1::1')
  })

  t.test('a guest that was migrated renews on its new node, with the same gateway', async (t) => {
    await lab.gnt(['gnt-instance', 'migrate', '-f', 'bb2.lab.example'])
    await lab.vm.sh('bb2', 'kill -USR1 $(pidof udhcpc)')
    t.ok(await lab.vm.wait('bb2', '"event":"renew","ip":"203.0.113.22"', 180))
    t.match(await lab.execOk('n2', ['okeanid', 'dhcp', 'list']), 'bb2.lab.example')
    await forgetNeighbours(lab)
    await reaches(lab, 'bb2', beyond)
    await reaches(lab, 'bb2', '2001:db8:1::1')
  })

  t.test('a guest that is rebooted has its address again', async () => {
    const boots = async (): Promise<number> =>
      (await lab.vm.log('bb1')).split('"event":"bound","ip":"192.0.2.21"').length - 1
    const before = await boots()
    await lab.gnt(['gnt-instance', 'reboot', '--shutdown-timeout=0', 'bb1.lab.example'])
    await until('its lease', async () => (await boots()) > before || undefined, {
      deadlineMs: 120_000,
      everyMs: 200,
    })
    await reaches(lab, 'bb1', beyond)
  })

  t.test(
    'its responders have two capabilities, no user’s rights, and nothing to complain of',
    async (t) => {
      for (const node of lab.nodes) {
        const pid = (
          await lab.execOk(node, ['systemctl', 'show', '-P', 'MainPID', 'okeanid-responder'])
        ).trim()
        const status = await lab.execOk(node, ['cat', `/proc/${pid}/status`])
        t.match(status, /^CapEff:\s+0000000000003000$/m, 'NET_ADMIN and NET_RAW')
        t.notMatch(status, /^Uid:\s+0\s/m)
        for (const role of roles) {
          const journal = [
            'journalctl',
            '-q',
            '-u',
            role,
            '-p',
            'warning',
            '-o',
            'cat',
            '--no-pager',
          ]
          t.equal(await lab.execOk(node, journal), '', `${role} on ${node}`)
        }
      }
    },
  )
})

function optionsOf({ node, mode, ip, client }: Guest): VmOptions {
  if (client === 'udhcpc') return { node, mode, ip }
  return { node, mode, ip, guest: 'deb', memoryMebibytes: 256, kernelArgs: `labclient=${client}` }
}

/** The guest's shell may be slow to come, and its router slow to find it. */
async function reaches(lab: Lab, name: string, address: string): Promise<void> {
  await until(
    `an answer of ${address} to ${name}`,
    async () => {
      const said = await lab.vm.sh(name, `ping -c 1 -W 2 ${address}`)
      return /1 (packets )?received/.test(said) || undefined
    },
    { deadlineMs: 120_000, everyMs: 100 },
  )
}

/** The hub remembers on which node a guest was; nobody tells it yet that the guest has moved. */
async function forgetNeighbours(lab: Lab): Promise<void> {
  await lab.execOk('hub', ['ip', 'neigh', 'flush', 'all'])
}
