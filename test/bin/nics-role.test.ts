import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { logged, startProgram } from '../support/agent.js'
import { inOwnNetwork, run } from '../support/own-network.js'
import { until } from '../support/until.js'

/** The nics role as a process, with real bindings and real iptables. */
inOwnNetwork(import.meta.url, () => {
  const program = 'dist/agent/bin/okeanid.js'

  /** A node with a configuration and a folder of bindings. */
  function openNode(t: Test) {
    const directory = mkdtempSync(path.join(tmpdir(), 'okeanid-nics-'))
    const nics = path.join(directory, 'nics.d')
    const config = path.join(directory, 'okeanid.ini')
    mkdirSync(nics)
    writeFileSync(
      config,
      `[agent]\nstate_directory = ${directory}/state\nruntime_directory = ${directory}/run\n[responder]\nnics_directory = ${nics}\n[queueing]\nmanage = iptables\n`,
    )
    t.teardown(() => {
      spawnSync(process.execPath, [program, 'queueing', 'remove', '-c', config])
      rmSync(directory, { recursive: true })
    })
    return {
      config,
      start: () => startProgram([program, 'agent', '--role', 'nics', '-c', config]),
      ask(...words: readonly string[]) {
        const argv = [program, ...words, '-c', config]
        const { status, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' })
        return { status, stdout, stderr }
      },
      bind(n: number, tags: readonly string[] = ['okeanid:dhcp']) {
        const mac = `aa:00:00:00:${hex(n >> 8)}:${hex(n & 255)}`
        const network = { name: 'net1', subnet: '10.0.0.0/16', gateway: '10.0.0.1', tags }
        const binding = {
          version: 1,
          tap: `tap${n}`,
          mac,
          instance: `vm${n}.example.org`,
          mode: 'routed',
          ip: `10.0.${n >> 8}.${n & 255 || 2}`,
          network,
        }
        writeFileSync(path.join(nics, `.tap${n}`), JSON.stringify(binding))
        renameSync(path.join(nics, `.tap${n}`), path.join(nics, `tap${n}.json`))
      },
      unbind: (n: number) => rmSync(path.join(nics, `tap${n}.json`)),
    }
  }

  const rules = () =>
    run('iptables-save', '-t', 'raw')
      .split('\n')
      .flatMap(
        (line) => /^-A OKEANID-4?\S+ -i (\S+) (-j NFQUEUE .*)/.exec(line)?.slice(1).join(' ') ?? [],
      )
  const ruleCount = (count: number) =>
    until(`${count} rules`, () => (rules().length === count ? true : undefined))

  t.test('300 bindings at the start are put in place at once, later ones one by one', async (t) => {
    const node = openNode(t)
    for (let n = 0; n < 300; n++) node.bind(n)
    node.bind(300, [])
    await using role = node.start()
    await logged(role, /rules-in-place manager=iptables taps=301 entries=300/)
    t.equal(role.log().match(/rules-in-place/g)?.length, 1)
    node.bind(301, ['okeanid:dhcp', 'okeanid:when-down:drop'])
    await ruleCount(301)
    t.ok(rules().includes('tap301 -j NFQUEUE --queue-num 142'))
    node.unbind(0)
    await ruleCount(300)
    t.notOk(rules().some((rule) => rule.startsWith('tap0 ')))
  })

  t.test('rules stay over a stop and a start, and go with okeanid queueing remove', async (t) => {
    const node = openNode(t)
    node.bind(1)
    node.bind(2)
    {
      await using role = node.start()
      await logged(role, /rules-in-place/)
      const { status, stderr } = node.ask('queueing', 'remove')
      t.equal(status, 1)
      t.match(stderr, /the nics role runs/)
    }
    t.equal(rules().length, 2, 'stopped')
    node.unbind(2)
    {
      await using role = node.start()
      await logged(role, /rules-in-place/)
      t.equal(rules().length, 1, 'what went meanwhile is gone')
    }
    t.match(node.ask('queueing', 'show').stdout, /managed by iptables, 1 taps served/)
    t.match(node.ask('queueing', 'remove').stdout, /removed the rules of iptables/)
    t.notMatch(run('iptables-save'), /OKEANID/)
    t.match(node.ask('queueing', 'remove').stdout, /there were no rules/)
  })

  t.test('queueing show misses no rule of ours where the administrator has his own', async (t) => {
    const node = openNode(t)
    node.bind(1)
    t.match(node.ask('queueing', 'show').stdout, /differs {4}missing/)
    const text = readFileSync(node.config, 'utf8')
    writeFileSync(node.config, text.replace('manage = iptables', 'manage = no'))
    t.equal(node.ask('queueing', 'show').stdout, 'managed by administrator, 1 taps served\n')
  })

  t.test('a node where no network is served has no rule of ours', async (t) => {
    const node = openNode(t)
    node.bind(1, [])
    await using role = node.start()
    await logged(role, /bindings-read/)
    await until('the status', () => (node.ask('status').status === 0 ? true : undefined))
    t.notMatch(run('iptables-save'), /OKEANID/)
  })

  t.test('the doctor finds missing rules, a foreign rule, and roles that do not run', async (t) => {
    const node = openNode(t)
    node.bind(1)
    const foreign = ['-t', 'mangle', '-A', 'PREROUTING', '-i', 'tap+', '-p', 'udp', '--dport', '67']
    run('iptables', ...foreign, '-j', 'NFQUEUE', '--queue-num', '42')
    t.teardown(() => run('iptables', '-t', 'mangle', '-F'))
    const { status, stdout, stderr } = node.ask('doctor')
    t.equal(status, 1)
    t.match(
      stdout,
      /^broken {2}rules: \d+ differences from what bindings ask.*; cure: systemctl start okeanid-nics/m,
    )
    t.match(
      stdout,
      /^broken {2}rules: a rule that is not ours leads to queue 42 as well: -A PREROUTING -i tap\+/m,
    )
    t.match(stdout, /^broken {2}role: responder: .*nobody answers/m)
    t.match(stderr, /of these keep guests or events from us/)
    const found = JSON.parse(node.ask('doctor', '--json').stdout) as {
      readonly ok: boolean
      readonly findings: readonly unknown[]
    }
    t.equal(found.ok, false)
    t.equal(found.findings.length, stdout.trim().split('\n').length)
    await using role = node.start()
    await logged(role, /rules-in-place/)
    t.notMatch(node.ask('doctor').stdout, /differences|role: nics/)
  })
})

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}
