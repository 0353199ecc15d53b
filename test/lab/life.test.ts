import t from 'tap'
import type { NicStatus } from '#event/node-fact.js'
import { until } from '../support/until.js'
import { labUnavailable } from './command.js'
import { type Lab, openLab } from './lab.js'
import { measureMigration, startEcho } from './migration.js'

/**
 * What becomes of NICs over the life of real guests on a real cluster of two nodes: rules, routes, proxies and messages at each turn.
 * bench/migration.ts compares a migration with one under Ganeti's own script.
 */

const skip = labUnavailable() ?? false
const roles = ['okeanid-agent', 'okeanid-responder', 'okeanid-nics']
const guests = {
  bridged: { name: 'life-b', ip: '192.0.2.51' },
  routed: { name: 'life-r', ip: '203.0.113.51' },
} as const

/** An address that nobody but the bridged guest knows, which it claims by testing it (policy `learn`). */
const chosen6 = {
  address: '2001:db8:1::5151',
  inSet: /0x20010db8000100000000000000005151/,
} as const

/** What of a guest's NIC is on a node. */
interface Traces {
  readonly taps: number
  /** Chains of ours that are named after a tap that a record knows. */
  readonly chains: number
  readonly routes: number
  readonly rules: number
  readonly proxies: number
  readonly records: number
  readonly bindings: number
}

const nothing: Traces = {
  taps: 0,
  chains: 0,
  routes: 0,
  rules: 0,
  proxies: 0,
  records: 0,
  bindings: 0,
}

t.test('the life of guests on a cluster of two nodes', { skip, timeout: 900_000 }, async (t) => {
  const lab = await openLab({ nodes: 2, hasApi: false })
  t.teardown(() => lab.close())
  await lab.deploy()
  await Promise.all(lab.nodes.map((node) => lab.execOk(node, ['systemctl', 'start', ...roles])))
  let told = ''
  for (const node of lab.nodes) {
    const tail = lab.spawn(node, ['okeanid', 'events', 'tail', '--json'])
    tail.child.stdout.on('data', (part) => {
      told += String(part)
    })
    let isRunning = true
    tail.child.once('exit', () => {
      isRunning = false // its node lost its power
    })
    t.teardown(() => isRunning && tail.kill('SIGTERM'))
  }
  for (const [mode, { name, ip }] of Object.entries(guests))
    await lab.vm.add(name, { node: 'n1', mode: mode as 'bridged' | 'routed', ip })
  for (const { name, ip } of Object.values(guests))
    t.ok(await lab.vm.wait(name, `LABLEASE.*"ip":"${ip}"`, 180), `${name} has its address`)

  for (const mode of ['bridged', 'routed'] as const) {
    t.test(`${mode}: a live migration under a ping and a TCP stream`, async (t) => {
      const { name } = guests[mode]
      const phases: string[] = []
      const ip6 = mode === 'routed' ? await proxied6(lab, 'n1') : await claim6(lab, name)
      const report = await measureMigration(lab, { ...guests[mode], ip6 }, async () => {
        await lab.gnt(['gnt-instance', 'migrate', '-f', `${name}.lab.example`])
        phases.push(JSON.stringify(await tracesOf(lab, 'n1', guests[mode])))
      })
      t.comment(`${mode}: ${JSON.stringify(report)}; on n1 at the job's end ${phases.join()}`)
      t.ok(report.stream.isWhole, 'the stream lost no byte')
      const limitMs = 6000 // Ganeti sets up a routed tap seconds after its guest runs there
      t.ok(report.longestGapMs < limitMs, 'nobody waited longer than for Ganeti’s own doing')
      t.ok(
        (report.v6?.longestGapMs ?? limitMs) < limitMs,
        'nor did who asks by IPv6: a source answers for its guest no more, a destination lets go on who has learnt',
      )
      await settled(lab, 'n1', guests[mode], nothing)
      const there = await tracesOf(lab, 'n2', guests[mode])
      t.match(there, { taps: 1, records: 1, bindings: 1 })
      t.ok(there.chains > 0, 'its rules are at the destination')
      if (mode === 'routed') t.match(there, { routes: 2, rules: 2, proxies: 2 })
      else t.match(await claims(lab, 'n2'), chosen6.inSet, 'what it shows there is its own there')
    })
  }

  t.test(
    'a migration that fails leaves the guest at its source, set up, and nothing at the target',
    async (t) => {
      const { name, ip } = guests.bridged
      await startEcho(lab, name)
      const broken = 'mv /usr/bin/qemu-system-x86_64 /usr/bin/qemu.away'
      await lab.execOk('n1', [
        'sh',
        '-c',
        `${broken}; ln -s /bin/false /usr/bin/qemu-system-x86_64`,
      ])
      const master = await lab.master()
      const job = await lab.exec(master, ['gnt-instance', 'migrate', '-f', `${name}.lab.example`])
      await lab.execOk('n1', ['mv', '-f', '/usr/bin/qemu.away', '/usr/bin/qemu-system-x86_64'])
      t.not(job.code, 0, 'Ganeti says that it failed')
      await settled(lab, 'n1', guests.bridged, nothing)
      t.match(await tracesOf(lab, 'n2', guests.bridged), { taps: 1, records: 1, bindings: 1 })
      t.match(await lab.execOk('hub', ['ping', '-c', '3', '-W', '2', ip]), / 0% packet loss/)
    },
  )

  t.test(
    'a NIC that is plugged in has its rules; one that is plugged out leaves nothing',
    async (t) => {
      const { name } = guests.bridged
      const modify = ['gnt-instance', 'modify', '-f']
      await lab.gnt([...modify, '--net', 'add:network=pub,ip=192.0.2.61', `${name}.lab.example`])
      const plugged = { ip: '192.0.2.61' }
      const there = await until('its record', async () => {
        const traces = await tracesOf(lab, 'n2', plugged)
        return traces.records === 1 ? traces : undefined
      })
      t.match(there, { taps: 1, bindings: 1 })
      t.ok(there.chains > 0)
      await lab.gnt([...modify, '--net', '1:modify,ip=192.0.2.62', `${name}.lab.example`])
      await settled(lab, 'n2', plugged, nothing)
      t.match(await tracesOf(lab, 'n2', { ip: '192.0.2.62' }), { taps: 1, records: 1 })
      await lab.gnt([...modify, '--net', '1:remove', `${name}.lab.example`])
      await settled(lab, 'n2', { ip: '192.0.2.62' }, nothing)
      t.match(
        await tracesOf(lab, 'n2', guests.bridged),
        { taps: 1, records: 1 },
        'the first one stays',
      )
    },
  )

  t.test('a dry run of a hot-plug really plugs, so the NIC is set up', async (t) => {
    const { name } = guests.bridged
    const modify = ['gnt-instance', 'modify', '-f', '--dry-run']
    const net = ['--net', 'add:network=pub,ip=192.0.2.63']
    await lab.exec(await lab.master(), [...modify, ...net, `${name}.lab.example`])
    const taps = await lab.execOk('n2', [
      'sh',
      '-c',
      `cat /run/ganeti/kvm-hypervisor/nic/${name}.lab.example/*`,
    ])
    const plugged = taps.match(/tap\d+/g) ?? []
    t.equal(plugged.length, 2, 'it is there')
    for (const tap of plugged) {
      const chain = await lab.exec('n2', [
        'nft',
        'list',
        'chain',
        'netdev',
        'okeanid',
        `from_${tap}`,
      ])
      t.equal(chain.code, 0, `${tap} is guarded`)
    }
  })

  t.test('a reboot by Ganeti, and a QEMU that is killed and started anew', async () => {
    const { name } = guests.routed
    await lab.gnt(['gnt-instance', 'reboot', '--shutdown-timeout=0', `${name}.lab.example`])
    const pid = await until('its QEMU', async () => await qemuOf(lab, 'n2', name))
    await settled(lab, 'n2', guests.routed, {
      ...nothing,
      taps: 1,
      routes: 2,
      rules: 2,
      proxies: 2,
      records: 1,
      bindings: 1,
    })
    await lab.execOk('n2', ['kill', '-9', pid])
    await settled(lab, 'n2', guests.routed, nothing)
    await lab.vm.start(name)
    await settled(lab, 'n2', guests.routed, {
      ...nothing,
      taps: 1,
      routes: 2,
      rules: 2,
      proxies: 2,
      records: 1,
      bindings: 1,
    })
  })

  t.test('a guest that is paused, and goes on after a restart of the agent', async () => {
    const { name } = guests.bridged
    const instance = `${name}.lab.example`
    const monitor = `/run/ganeti/kvm-hypervisor/ctrl/${instance}.monitor`
    const command = (word: string) =>
      lab.execOk('n2', ['sh', '-c', `echo ${word} | socat -t1 - UNIX-CONNECT:${monitor}`])
    const since = Math.floor(Date.now() / 1000)
    await command('stop')
    const paused = `instance-paused instance=${instance} pid=\\d+ reason=paused`
    await journal(lab, 'n2', new RegExp(paused), since)
    await lab.execOk('n2', ['systemctl', 'restart', 'okeanid-nics'])
    await command('cont')
    await journal(lab, 'n2', new RegExp(`instance-resumed instance=${instance}`), since)
  })

  t.test('a guest that switches itself off leaves nothing, and its node tells', async () => {
    const { name } = guests.bridged
    await lab.vm.sh(name, 'poweroff -f')
    await settled(lab, 'n2', guests.bridged, nothing)
    await journal(
      lab,
      'n2',
      new RegExp(`instance-exited instance=${name}\\.lab\\.example pid=\\d+ reason=by-itself`),
    )
  })

  t.test('after a failover the NIC is at its other node only', async (t) => {
    const { name } = guests.routed
    await lab.gnt(['gnt-instance', 'failover', '-f', '--shutdown-timeout=0', `${name}.lab.example`])
    await settled(lab, 'n2', guests.routed, nothing)
    t.match(await tracesOf(lab, 'n1', guests.routed), {
      taps: 1,
      routes: 2,
      proxies: 2,
      records: 1,
    })
  })

  t.test(
    'a node that lost its power has nothing left of its guests, and tells that they ended',
    async () => {
      const { name } = guests.bridged
      await lab.vm.start(name)
      await settled(lab, 'n2', guests.bridged, { ...nothing, taps: 1, records: 1, bindings: 1 })
      await journal(
        lab,
        'n2',
        new RegExp(`instance-started instance=${name}[^]*instance-started instance=${name}`),
      )
      const since = Math.floor(Date.now() / 1000)
      await lab.stop('n2', 'kill')
      await lab.start('n2')
      await lab.execOk('n2', ['systemctl', 'start', ...roles])
      await settled(lab, 'n2', guests.bridged, nothing)
      await journal(lab, 'n2', new RegExp(`instance-exited instance=${name}`), since)
    },
  )

  t.test('what happened was told', async () => {
    const statuses: readonly NicStatus[] = ['up', 'dhcp', 'down']
    for (const status of statuses) await saw('ganeti-nic-status', status)
    for (const status of ['started', 'paused', 'resumed', 'exited'])
      await saw('ganeti-instance-status', status)
    async function saw(type: string, status: string): Promise<void> {
      const isIt = (line: string): boolean =>
        line.includes(`"type":"${type}"`) && line.includes(`"status":"${status}"`)
      await until(`${type} ${status}`, () => told.split('\n').some(isIt) || undefined)
    }
  })
})

/** What a node has of the NIC with this address. */
async function tracesOf(lab: Lab, node: string, { ip }: { readonly ip: string }): Promise<Traces> {
  const script = `
    tap=$(grep -ls '"IP": "${ip}"' /var/lib/okeanid/nics/taps/*.json | head -1 | sed 's,.*/,,; s,.json$,,')
    binding=$(grep -lsE '"ip": ?"${ip}"' /run/okeanid/nics/*.json | wc -l)
    mac=$(sed -n 's/.*"MAC": "\\(.*\\)",*/\\1/p' /var/lib/okeanid/nics/taps/$tap.json 2>/dev/null)
    six=; [ -z "$mac" ] || six=$(echo "$mac" | awk -F: '{ printf "ff:fe%s:%s%s", $4, $5, $6 }' | sed 's/:0*/:/g')
    echo "taps $([ -n "$tap" ] && [ -e /sys/class/net/$tap ] && echo 1 || echo 0)"
    echo "chains $([ -n "$tap" ] && nft list tables netdev 2>/dev/null | grep -q okeanid && nft list table netdev okeanid | grep -c "chain from_$tap " || echo 0)"
    echo "routes $( { ip route show table vmrt | grep -w '${ip}'; [ -z "$tap" ] || ip -6 route show table vmrt | grep -w "dev $tap" | grep 2001:db8 | head -1; } | wc -l)"
    echo "rules $( { [ -z "$tap" ] || { ip rule; ip -6 rule; } | grep -w "iif $tap"; } | wc -l)"
    echo "proxies $( { ip neigh show proxy | grep -w '${ip}'; [ -z "$six" ] || ip -6 neigh show proxy | grep "$six"; } | sort -u | wc -l)"
    echo "records $([ -n "$tap" ] && echo 1 || echo 0)"
    echo "bindings $binding"`
  const text = await lab.execOk(node, ['sh', '-c', script])
  return {
    ...nothing,
    ...Object.fromEntries(
      [...text.matchAll(/^(\w+) (\d+)$/gm)].map(([, key, n]) => [key, Number(n)]),
    ),
  }
}

/** Lets the bridged guest take an address of its own choice, which is its own when the router is answered. */
async function claim6(lab: Lab, name: string): Promise<string> {
  const { address } = chosen6
  await lab.vm.sh(name, `ip addr add ${address}/64 dev eth0`)
  await until(`${address} answers`, async () => {
    const { code } = await lab.exec('hub', ['ping', '-c', '1', '-W', '1', address])
    return code === 0 ? true : undefined
  })
  return address
}

async function claims(lab: Lab, node: string): Promise<string> {
  return await lab.execOk(node, ['nft', 'list', 'set', 'netdev', 'okeanid', 'claims_br0'])
}

/** The IPv6 address that a node answers for on its uplink. */
async function proxied6(lab: Lab, node: string): Promise<string | undefined> {
  const text = await lab.execOk(node, ['ip', '-6', 'neigh', 'show', 'proxy', 'dev', 'br0'])
  return /^([0-9a-f:]+)/.exec(text)?.[1]
}

/** Waits until a node has this of a NIC; `chains: 0` in what is wanted of a NIC that is there means any number. */
async function settled(
  lab: Lab,
  node: string,
  guest: { readonly ip: string },
  wanted: Traces,
): Promise<void> {
  let last: Traces | undefined
  try {
    await until(
      '',
      async () => {
        last = await tracesOf(lab, node, guest)
        const chains = wanted.taps > 0 ? 0 : last.chains
        return JSON.stringify({ ...last, chains }) === JSON.stringify(wanted) ? true : undefined
      },
      { deadlineMs: 120_000, everyMs: 300 },
    )
  } catch {
    throw new Error(
      `${guest.ip} on ${node}: ${JSON.stringify(last)}, wanted ${JSON.stringify(wanted)}`,
    )
  }
}

async function qemuOf(lab: Lab, node: string, name: string): Promise<string | undefined> {
  const file = `/run/ganeti/kvm-hypervisor/pid/${name}.lab.example`
  const { code, stdout } = await lab.exec(node, ['cat', file])
  return code === 0 ? stdout.trim() : undefined
}

async function journal(lab: Lab, node: string, pattern: RegExp, since = 0): Promise<void> {
  await until(
    `${pattern} in the journal of ${node}`,
    async () => {
      const text = await lab.execOk(node, [
        'journalctl',
        '-u',
        'okeanid-nics',
        `--since=@${since}`,
        '-o',
        'cat',
        '--no-pager',
      ])
      return pattern.test(text) ? true : undefined
    },
    { everyMs: 300 },
  )
}
