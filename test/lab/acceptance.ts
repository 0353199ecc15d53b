import { existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { type Inbox, openInbox } from '../support/inbox.js'
import { until } from '../support/until.js'
import { openCentral } from './central.js'
import { labUnavailable } from './command.js'
import { type Lab, openLab } from './lab.js'
import { type Disturbance, openLoad } from './load.js'
import { labPackages, setUpAgents } from './packages.js'
import { createStopwatch, formatTable } from './stopwatch.js'

/**
 * `npm run acceptance`: the Debian packages on fresh nodes of a real cluster, from the installation to the purge, as docs/install.md has it.
 * The nodes have no npm, no compiler, no checkout and no network but the lab's. A guest of a tenant's is made through the API; while jobs run, a
 * guest renews its lease without end and is pinged, everything is upgraded, restarted, reloaded, moved and downgraded. Tables at the end.
 */

const skip = labUnavailable() ?? false
const later = '99'
const units = ['okeanid-agent', 'okeanid-responder', 'okeanid-nics']
const apt = 'DEBIAN_FRONTEND=noninteractive apt-get -y -qq'

interface NicRow {
  readonly instance: string
  readonly stance: string
  readonly state: string
}

t.test('the packages, from the installation to the purge', { skip }, async (t) => {
  const watch = createStopwatch()
  const now = await watch.step('packages of this version', () => builtPackages())
  const newer = await watch.step('packages of a later one', () => labPackages(later))
  const lab = await watch.step('a cluster of two nodes, as Ganeti leaves it', () =>
    openLab({ nodes: 2 }),
  )
  t.teardown(() => lab.close())
  const on = (node: string) => async (script: string) =>
    (await lab.execOk(node, ['sh', '-ec', script])).trim()
  const [n1, n2] = [on('n1'), on('n2')]
  const everywhere = (script: string) => Promise.all([n1(script), n2(script)])
  const qemu = () => n1('cat /run/ganeti/kvm-hypervisor/pid/old.lab.example')
  const disturbances: Disturbance[] = []

  await lab.vm.add('old', { node: 'n1', mode: 'bridged' })
  await everywhere(
    'printf "#!/bin/sh\\nexit 0\\n" >/etc/ganeti/kvm-vif-bridge.site && chmod 755 /etc/ganeti/kvm-vif-bridge.site',
  )
  const pid = await qemu()
  await using inbox = await openConsumer(lab)
  const installed = createStopwatch()

  await t.test(
    'installing starts the roles, and touches neither guests nor Ganeti’s scripts',
    async (t) => {
      await watch.step('apt install okeanid-agent, both nodes', () => lab.install([now.agent]))
      for (const unit of [...units, 'okeanid-hooks.path'])
        t.same(await everywhere(`systemctl is-active ${unit}`), ['active', 'active'], unit)
      t.equal(await qemu(), pid)
      t.equal(await n1('ls /etc/ganeti/kvm-vif-bridge 2>/dev/null || echo none'), 'none')
      const [nic] = await until('the guest to be adopted', async () => {
        const rows = JSON.parse(await n1('okeanid nic list --json')) as readonly NicRow[]
        return rows.length > 0 ? rows : undefined
      })
      t.equal(nic?.stance, 'observe')
      t.equal(await n1('command -v npm gcc git || echo none'), 'none')
      watch.note('okeanid-agent.deb', megabytes(statSync(now.agent).size))
      watch.note('installed', megabytes(Number(await n1('du -sb /usr/lib/okeanid | cut -f1'))))
    },
  )

  await t.test(
    'the broker, the hooks, and a new guest has its isolation and its address',
    async (t) => {
      await watch.step('where the broker is; okeanid hooks install', () => setUpAgents(lab))
      await everywhere('okeanid hooks check')
      await watch.step('a guest by Ganeti, and its lease', async () => {
        await lab.vm.add('new', { node: 'n1', mode: 'bridged', ip: '192.0.2.77' })
        t.ok(await lab.vm.wait('new', 'LABLEASE', 180), 'the guest has its lease')
      })
      watch.note('from apt install to the first lease', `${installed.seconds().toFixed(1)} s`)
      const rows = JSON.parse(await n1('okeanid nic list --json')) as readonly NicRow[]
      t.match(
        rows.find(({ instance }) => instance === 'new.lab.example'),
        { stance: 'enforce', state: 'ok' },
      )
    },
  )

  await t.test('a tenant makes a server through the API, and it has its address', async (t) => {
    const central = await watch.step('apt install okeanid-central; cluster, tenant, image', () =>
      openCentral(lab, now.central),
    )
    await watch.step('a server by the API, and its lease', async () => {
      const create = [
        'server',
        'create',
        '--flavor',
        'tiny',
        '--image',
        'guest',
        '--network',
        'net',
      ]
      await central.ask([...create, 'web'])
      await until(
        'the server',
        async () => {
          const [server] = (await central.ask(['server', 'list'])) as readonly {
            readonly Status: string
          }[]
          return server?.Status === 'ACTIVE' ? true : undefined
        },
        { deadlineMs: 180_000 },
      )
      t.ok(await lab.vm.wait('central', 'LABLEASE', 180), 'the guest has its lease')
    })
    t.match(await lab.execOk('api', ['systemctl', 'reload', 'okeanid-central']), '')
    t.ok(await central.ask(['server', 'list']), 'it answers after a reload')
    await central.ask(['server', 'list'])
    const { code } = await central.openstack(['server', 'delete', 'web'])
    t.equal(code, 0)
  })

  await t.test('under load, nothing is lost', async (t) => {
    await using load = await openLoad(lab, inbox, {
      changed: 'old',
      renewing: { name: 'new', ip: '192.0.2.77' },
    })
    const during = (what: string, work: () => Promise<unknown>, mayLose = 0) =>
      t.test(what, async (t) => {
        const row = await load.during(what, work)
        disturbances.push(row)
        t.equal(row.eventsLost, 0, 'events lost')
        t.equal(row.leasesFailed, 0, 'leases failed')
        t.ok(row.pingsLost <= mayLose, `${row.pingsLost} of ${row.pings} pings lost`)
        t.equal(await qemu(), pid, 'the other guest was left alone')
      })
    await during('nothing at all', () => new Promise((resolve) => setTimeout(resolve, 10_000)))
    for (const unit of units) {
      await during(`restart ${unit}`, () => everywhere(`systemctl restart ${unit}`))
      await during(`reload ${unit}`, () =>
        everywhere(
          `sed -i '/^nameservers/d; /^.dhcp.$/d' /etc/okeanid/okeanid.d/broker.ini; printf '[dhcp]\\nnameservers = 192.0.2.%s\\n' ${units.indexOf(unit) + 1} >>/etc/okeanid/okeanid.d/broker.ini; systemctl reload ${unit}`,
        ),
      )
    }
    await during('upgrade of n2', () => lab.install([newer.agent], ['n2']))
    t.equal(await n1('okeanid --version'), '0.1.0')
    t.equal(await n2('okeanid --version'), later)
    await versions(inbox, { n1: '0.1.0', n2: later })
    await during(
      'migration to the newer node',
      () => lab.gnt(['gnt-instance', 'migrate', '-f', 'new.lab.example']),
      10,
    )
    await inbox.first(
      'the guest told by the newer node',
      ({ body }) =>
        body['type'] === 'ganeti-nic-status' &&
        body['instance'] === 'new.lab.example' &&
        String(body['node']).startsWith('n2'),
    )
    await during('upgrade of n1, the master', () => lab.install([newer.agent], ['n1']))
    await versions(inbox, { n1: later, n2: later })
    t.same(
      await everywhere('ls /usr/lib/okeanid/versions'),
      [later, later],
      'nothing is left of the version before',
    )
    await during('downgrade of both', () => lab.install([now.agent]))
    await versions(inbox, { n1: '0.1.0', n2: '0.1.0' })
    t.equal(
      await n1('okeanid outbox list --json --quarantined | grep -c "\\"kind\\"" || true'),
      '0',
      'the older version reads what the newer left',
    )
  })

  await t.test('a new master tells what the old one would have', async (t) => {
    await watch.step('failover of the master', () =>
      n2('gnt-cluster master-failover --no-voting --yes-do-it'),
    )
    t.equal(await lab.master(), 'n2')
    const id = await n2(
      'gnt-instance modify --submit -B maxmem=175 old.lab.example 2>&1 | grep -o "[0-9]*$"',
    )
    t.ok(
      await watch.step('an event of the new master', () => inbox.finishedJob(Number(id), 120_000)),
    )
  })

  await t.test('an invalid configuration fails the reload and is not taken', async (t) => {
    const file = '/etc/okeanid/okeanid.d/wrong.ini'
    const said = await n1(
      `printf '[dhcp]\\nleese = 1d\\n' >${file}; if systemctl reload okeanid-responder; then echo taken; fi; journalctl -u okeanid-responder -n 20 --no-pager; rm ${file}`,
    )
    t.notMatch(said, /^taken/m)
    t.match(said, /\[dhcp\] leese: there is no such key/)
    t.equal(await n1('systemctl is-active okeanid-responder'), 'active')
  })

  await t.test(
    'removing gives Ganeti its own scripts back and leaves guests isolated',
    async (t) => {
      await watch.step('apt remove, both nodes', () => everywhere(`${apt} remove okeanid-agent`))
      t.equal(await n1('ls /etc/ganeti/kvm-vif-bridge 2>/dev/null || echo none'), 'none')
      t.equal(await n1('ls /usr/lib/okeanid 2>/dev/null || echo none'), 'none')
      t.match(await n2('nft list table netdev okeanid'), /counter/)
      t.equal(await qemu(), pid)
    },
  )

  await t.test('a purge leaves nothing', async (t) => {
    await watch.step('apt purge, both nodes', () => everywhere(`${apt} purge okeanid-agent`))
    for (const node of [n1, n2]) {
      t.notMatch(await node('nft list tables'), /okeanid/)
      const left =
        'find / -xdev -name "*okeanid*" -not -path "/proc/*" -not -path "/var/cache/*" -not -path "/var/log/*" -not -path "/tmp/*"'
      t.equal(await node(left), '')
    }
    t.equal(await qemu(), pid)
    await lab.execOk('api', ['sh', '-ec', `${apt} purge okeanid-central`])
    const places =
      'ls -d /var/lib/okeanid-central /usr/lib/okeanid-central 2>/dev/null || echo none'
    t.equal((await lab.execOk('api', ['sh', '-c', places])).trim(), 'none')
  })

  process.stdout.write(`${comment(watch.table())}\n${comment(disturbanceTable(disturbances))}\n`)
})

/** Those of `npm run package` where they are there, for they are what is shipped; else of this tree. */
async function builtPackages(): ReturnType<typeof labPackages> {
  const folder = path.join(fileURLToPath(new URL('../../..', import.meta.url)), 'packages')
  const names = existsSync(folder) ? readdirSync(folder) : []
  const [agent, central] = ['okeanid-agent', 'okeanid-central'].map((name) =>
    names.find((file) => file.startsWith(`${name}_0`) && file.endsWith('.deb')),
  )
  if (agent === undefined || central === undefined) return await labPackages()
  return { agent: path.join(folder, agent), central: path.join(folder, central) }
}

async function openConsumer(lab: Lab): Promise<Inbox> {
  const url = new URL(lab.brokerUrl)
  url.host = `127.0.0.1:${await lab.forward('mq', 5672)}`
  return await openInbox(url.href)
}

/** Waits until each node's newest heartbeat is of its version. */
async function versions(inbox: Inbox, wanted: Readonly<Record<string, string>>): Promise<void> {
  for (const [node, version] of Object.entries(wanted))
    await until(`${node} to say that it is ${version}`, () => {
      const beats = inbox.received.filter(
        ({ body }) =>
          body['type'] === 'eventd-heartbeat' && String(body['node']).startsWith(`${node}.`),
      )
      return beats.at(-1)?.body['version'] === version ? true : undefined
    })
}

function disturbanceTable(rows: readonly Disturbance[]): string {
  return formatTable(
    ['under load', 'took', 'jobs', 'events lost', 'leases', 'failed', 'pings', 'lost'],
    rows.map((row) => [
      ...[row.what, `${row.seconds.toFixed(1)} s`, row.jobs, row.eventsLost],
      ...[row.leases, row.leasesFailed, row.pings, row.pingsLost],
    ]),
  )
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

/** As TAP has what is for people. */
function comment(text: string): string {
  return text.replace(/^/gm, '# ')
}
