import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect } from 'amqplib'
import t from 'tap'
import { until } from '../support/until.js'
import { labUnavailable, runLabOk } from './command.js'
import { type Lab, openLab } from './lab.js'

/**
 * `npm run acceptance`: the Debian packages on a node that runs a guest: installed, used, upgraded under load, removed, purged. The node has no npm, no
 * compiler, no checkout and no network but the lab's. Not among the tests of CI: it builds both packages twice.
 */

const root = fileURLToPath(new URL('../../..', import.meta.url))

const skip = labUnavailable() ?? false

/** Builds what is committed: the agent as its own version and as a later one, and the centre. */
function buildPackages(): {
  readonly now: string
  readonly later: string
  readonly central: string
} {
  const later = '99'
  const args = ['scripts/package.mjs', '--also', later]
  execFileSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  const folder = path.join(root, 'packages')
  const find = (name: string, isLater: boolean) => {
    const debs = readdirSync(folder).filter((file) => file.startsWith(`${name}_`))
    const found = debs.find((file) => file.includes(`_${later}_`) === isLater)
    if (found === undefined) throw new Error(`no package ${name}`)
    return path.join(folder, found)
  }
  return {
    now: find('okeanid-agent', false),
    later: find('okeanid-agent', true),
    central: find('okeanid-central', false),
  }
}

t.test('okeanid-agent on a node with a running guest', { skip }, async (t) => {
  const { now, later, central } = buildPackages()
  const lab = await openLab({ nodes: 1, hasApi: false })
  t.teardown(() => lab.close())
  const n1 = async (script: string) => (await lab.execOk('n1', ['sh', '-ec', script])).trim()
  const install = (deb: string) => runLabOk(lab.run, ['install', deb])
  const qemu = () => n1('cat /run/ganeti/kvm-hypervisor/pid/old.lab.example')
  const nics = async () => JSON.parse(await n1('okeanid nic list --json')) as readonly NicRow[]

  await lab.vm.add('old', { node: 'n1', mode: 'bridged' })
  await n1(
    'printf "#!/bin/sh\\nexit 0\\n" >/etc/ganeti/kvm-vif-bridge.site && chmod 755 /etc/ganeti/kvm-vif-bridge.site',
  )
  const pid = await qemu()

  await t.test(
    'installing starts the roles, and touches neither guests nor Ganeti’s scripts',
    async (t) => {
      await install(now)
      for (const unit of [
        'okeanid-agent',
        'okeanid-responder',
        'okeanid-nics',
        'okeanid-hooks.path',
      ])
        t.equal(await n1(`systemctl is-active ${unit}`), 'active', unit)
      t.equal(await qemu(), pid)
      t.equal(await n1('ls /etc/ganeti/kvm-vif-bridge 2>/dev/null || echo none'), 'none')
      const [nic] = await until('the guest to be adopted', async () => {
        const rows = await nics()
        return rows.length > 0 ? rows : undefined
      })
      t.equal(nic?.stance, 'observe')
    },
  )

  await t.test('hooks install, and a new guest has its isolation and its address', async (t) => {
    const settings = `[broker]\\nurl = ${lab.brokerUrl}\\n`
    await n1(
      `install -d -m 750 -g okeanid /etc/okeanid/okeanid.d; printf '${settings}' >/etc/okeanid/okeanid.d/broker.ini; chgrp okeanid /etc/okeanid/okeanid.d/broker.ini; systemctl restart okeanid-agent; okeanid hooks install`,
    )
    await n1('okeanid hooks check')
    await lab.vm.add('new', { node: 'n1', mode: 'bridged' })
    t.ok(await lab.vm.wait('new', 'LABLEASE'), 'the guest has its lease')
    const nic = (await nics()).find(({ instance }) => instance === 'new.lab.example')
    t.match(nic, { stance: 'enforce', state: 'ok' })
  })

  await t.test(
    'an upgrade under jobs loses no event, and a NIC comes up in the middle of it',
    async (t) => {
      const heard = await listen(lab)
      t.teardown(heard.close)
      let isDone = false
      const upgrading = install(later).finally(() => {
        isDone = true
      })
      const whileUpgrading = async (
        argvOf: (turn: number) => readonly string[],
      ): Promise<number> => {
        for (let turn = 0; ; turn += 1) {
          if (isDone) return turn
          await lab.gnt(argvOf(turn))
        }
      }
      const [rebootCount, changeCount] = await Promise.all([
        whileUpgrading(() => ['gnt-instance', 'reboot', '--type=hard', 'new.lab.example']),
        whileUpgrading((turn) => [
          ...['gnt-instance', 'modify', '-B', `maxmem=${170 + (turn % 2)}`, 'old.lab.example'],
        ]),
        upgrading,
      ])
      t.comment(`${rebootCount} reboots and ${changeCount} changes meanwhile, none failed`)
      t.ok(rebootCount > 0, 'a NIC came up')
      t.ok(changeCount > 1, 'jobs went on')
      t.equal(await n1('okeanid --version'), '99')
      for (const [operation, count] of [
        ['OP_INSTANCE_REBOOT', rebootCount],
        ['OP_INSTANCE_SET_PARAMS', changeCount],
      ] as const) {
        await until(`each end of ${operation} to be told`, () =>
          heard.ends(operation) >= count ? true : undefined,
        )
        t.equal(heard.ends(operation), count, `${operation}: none is missing, none was made up`)
      }
      t.equal(await qemu(), pid, 'the other guest was left alone')
      t.equal(
        await n1('ls /usr/lib/okeanid/versions'),
        '99',
        'nothing is left of the version before',
      )
      await until('the guest, which has just booted, to ask again', async () =>
        /lease of 192\.0\.2\./.test(await lab.vm.sh('new', 'udhcpc -i eth0 -n -q 2>&1'))
          ? true
          : undefined,
      )
    },
  )

  await t.test('changes of the configuration survive, unknown keys are told', async (t) => {
    t.match(await n1('okeanid config show'), /okeanid\.d\/broker\.ini/)
  })

  await t.test(
    'removing gives Ganeti its own scripts back and leaves guests isolated',
    async (t) => {
      await n1('DEBIAN_FRONTEND=noninteractive apt-get -y -qq remove okeanid-agent')
      t.equal(await n1('ls /etc/ganeti/kvm-vif-bridge 2>/dev/null || echo none'), 'none')
      t.equal(await n1('ls /usr/lib/okeanid 2>/dev/null || echo none'), 'none')
      t.match(await n1('nft list chain netdev okeanid from_tap1'), /counter/)
      t.equal(await qemu(), pid)
    },
  )

  await t.test('a purge leaves nothing', async (t) => {
    await n1('DEBIAN_FRONTEND=noninteractive apt-get -y -qq purge okeanid-agent')
    t.notMatch(await n1('nft list tables'), /okeanid/)
    const left = await n1(
      'find / -xdev -name "*okeanid*" -not -path "/proc/*" -not -path "/var/cache/*" -not -path "/var/log/*" -not -path "/tmp/*"',
    )
    t.equal(left, '')
    t.equal(await qemu(), pid)
  })

  await t.test(
    'okeanid-central: installed, it serves; root is its user; a purge leaves nothing',
    async (t) => {
      await install(central)
      t.equal(await n1('systemctl is-active okeanid-central'), 'active')
      await n1('echo admin-secret | okeanid-central init --password-file -')
      t.equal(await n1('stat -c %U /var/lib/okeanid-central/* | sort -u'), 'okeanid-central')
      const login = JSON.stringify({
        auth: {
          identity: {
            methods: ['password'],
            password: {
              user: { name: 'admin', domain: { id: 'default' }, password: 'admin-secret' },
            },
          },
        },
      })
      const ask = `fetch('http://127.0.0.1:8774/v3/auth/tokens', { method: 'POST', headers: { 'content-type': 'application/json' }, body: process.argv[1] }).then((answer) => console.log(answer.status))`
      t.equal((await lab.execOk('n1', ['node', '-e', ask, login])).trim(), '201')
      await n1('DEBIAN_FRONTEND=noninteractive apt-get -y -qq purge okeanid-central')
      t.equal(
        await n1(
          'ls -d /var/lib/okeanid-central /usr/lib/okeanid-central 2>/dev/null || echo none',
        ),
        'none',
      )
    },
  )
})

interface NicRow {
  readonly instance: string
  readonly stance: string
  readonly state: string
}

/** Counts the successful ends of ops that are told on the lab's broker. */
async function listen(lab: Lab) {
  const port = await lab.forward('mq', 5672)
  const url = new URL(lab.brokerUrl)
  url.host = `127.0.0.1:${port}`
  const connection = await connect(url.href)
  const channel = await connection.createChannel()
  const { queue } = await channel.assertQueue('', { exclusive: true })
  await channel.bindQueue(queue, 'ganeti', 'ganeti.*.event.op')
  const ends = new Map<string, Set<string>>()
  await channel.consume(
    queue,
    (message) => {
      if (message === null) return
      const { operation, status } = JSON.parse(message.content.toString()) as {
        readonly operation: string
        readonly status: string
      }
      if (status !== 'success') return
      const ids = ends.get(operation) ?? new Set()
      ends.set(operation, ids.add(String(message.properties.messageId)))
    },
    { noAck: true },
  )
  return {
    ends: (operation: string) => ends.get(operation)?.size ?? 0,
    close: () => connection.close(),
  }
}
