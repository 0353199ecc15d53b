import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { chmodSync, rmSync, utimesSync } from 'node:fs'
import t, { type Test } from 'tap'
import { installedScripts } from '#bin/hook-files.js'
import { ageMs } from '#watch/binding-file.js'
import { logged, startProgram } from '../support/agent.js'
import { makeAuthority } from '../support/certificates.js'
import { inOwnNetwork, run } from '../support/own-network.js'
import { openTroubledHost, type TroubledHost } from '../support/troubled-host.js'
import { until } from '../support/until.js'
import { lineOf, rowsUnder } from './doctor-table.js'

/**
 * A host on which all is well is broken in one way, really, and the doctor says what docs/troubleshooting.md promises; before, it did
 * not. In namespaces of their own, for network and mounts.
 */

type Breaking = (host: TroubledHost, t: Test) => unknown

const breakings: Readonly<Record<string, Breaking>> = {
  'a key is misspelt': (host) => host.configure('[events]\nrescann = 5s\n'),
  'a section is misspelt': (host) => host.configure('[evnts]\nrescan = 5s\n'),
  'a number has no unit': (host) => host.configure('[events]\nrescan = 5\n'),
  'the name of an interface is longer than 15 characters': (host) =>
    host.configure('[nic]\nprivate_uplink = enx0123456789abcdef\n'),
  'two kinds of packets have one queue': (host) => host.configure('[queueing]\ndhcp_queue = 43\n'),
  'everybody may read the configuration with its password': (host) => {
    host.configure('[broker]\nurl = amqp://okeanid:secret@127.0.0.1:1/\n')
    chmodSync(host.file('okeanid.ini'), 0o644)
  },
  'gnt-cluster copyfile left a file that only root may read': (host) => {
    host.write('okeanid.d/broker.ini', '[prefixes]\nvm1 = web\n')
    chmodSync(host.file('okeanid.d/broker.ini'), 0o640)
  },
  'a group may write the configuration': (host) => chmodSync(host.file('okeanid.ini'), 0o660),
  'everybody may read the password file': (host) => {
    host.write('broker.password', 'secret\n')
    host.configure(`[broker]\nenabled = no\npassword_file = ${host.file('broker.password')}\n`)
  },
  'the password file is not there': (host) =>
    host.configure(
      '[broker]\nurl = amqp://okeanid@127.0.0.1:1/\npassword_file = /nonexistent/password\n',
    ),
  'ca_file is no certificate': (host) => {
    host.write('ca.pem', 'no certificate\n')
    host.configure(`[broker]\nenabled = no\nca_file = ${host.file('ca.pem')}\n`)
  },
  'our certificate has expired': (host) => {
    const { certFile, keyFile } = makeAuthority(host.file('authority')).sign('okeanid', -1)
    host.configure(`[broker]\nenabled = no\ncert_file = ${certFile}\nkey_file = ${keyFile}\n`)
  },
  'our certificate expires soon': (host) => {
    const { certFile, keyFile } = makeAuthority(host.file('authority')).sign('okeanid', 5)
    host.configure(`[broker]\nenabled = no\ncert_file = ${certFile}\nkey_file = ${keyFile}\n`)
  },
  'a password goes unencrypted over the network': (host) =>
    host.configure('[broker]\nurl = amqp://okeanid:secret@192.0.2.1/\n'),
  'nothing listens at the broker’s address': (host) =>
    host.configure('[broker]\nurl = amqp://okeanid:secret@127.0.0.1:1/\n'),
  'Ganeti is not set up': (host) => rmSync(host.file('var/lib/ganeti/ssconf_cluster_name')),
  'the host has another address than its node': (host) =>
    host.write('var/lib/ganeti/ssconf_node_primary_ips', 'n1 198.51.100.77\n'),
  'what must survive a restart is in memory': (host) =>
    run('mount', '-t', 'tmpfs', '-o', 'size=1g', 'tmpfs', host.file('state')),
  'the disk is nearly full': (host) =>
    run('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', host.file('state')),
  'the folder of a spool is missing': (host) =>
    rmSync(host.file('state/spool/progress'), { recursive: true }),
  'everybody may write a spool': (host) => chmodSync(host.file('state/spool/nics'), 0o777),
  'the folder of bindings is missing': (host) => rmSync(host.file('run/nics'), { recursive: true }),
  'a binding has a fault': async (host) => {
    host.bind('tap39', 'bridged', { link: '' })
    const file = host.file('run/nics/tap39.json')
    await until('a file that is not just being written', () => ageMs(file) > 100 || undefined)
  },
  'the uplink of private networks is not there': (host) =>
    host.configure('[nic]\nprivate_uplink = eth7\n'),
  'a bridge is down': () => run('ip', 'link', 'set', 'br9', 'down'),
  'a bridge has lost its uplink': () => run('ip', 'link', 'set', 'up9', 'nomaster'),
  'a tap was taken out of its bridge': () => run('ip', 'link', 'set', 'tap19', 'nomaster'),
  'another DHCP server runs on the host': async (_host, t) => {
    const socket = createSocket('udp4').bind(67)
    t.teardown(() => socket.close())
    await once(socket, 'listening')
  },
  'rp_filter is strict for all interfaces': (_host, t) => {
    const name = 'net.ipv4.conf.all.rp_filter'
    run('sysctl', '-q', '-w', `${name}=1`)
    t.teardown(() => run('sysctl', '-q', '-w', `${name}=0`))
  },
  'a rule of nfdhcpd’s is left': (_host, t) => {
    const rule = ['PREROUTING', '-i', 'tap19', '-p', 'udp', '-j', 'NFQUEUE', '--queue-num', '42']
    run('iptables', '-t', 'raw', '-A', ...rule)
    t.teardown(() => run('iptables', '-t', 'raw', '-D', ...rule))
  },
  'nfdhcpd starts at the next boot': (host) => host.write('etc/rc2.d/S20nfdhcpd', ''),
  'nftables’ own file flushes everything': (host) => {
    host.write('etc/nftables.conf', '#!/usr/sbin/nft -f\n\nflush ruleset\n')
    host.write('etc/systemd/system/sysinit.target.wants/nftables.service', '')
  },
  'break-glass was left': (host) => host.write('etc/okeanid/break-glass', ''),
  'nic up goes by a configuration of before': (host) => host.configure('[dhcp]\nlease = 2d\n'),
  'somebody replaced Ganeti’s script': (host) => {
    rmSync(host.file('etc/ganeti/kvm-vif-bridge'))
    host.write('etc/ganeti/kvm-vif-bridge', '#!/bin/sh\n')
  },
  'an upgrade of Ganeti calls other scripts': (host) => {
    host.write('usr/lib/ganeti/kvm-nic-setup', '#!/bin/sh\n')
    rmSync(host.file('etc/ganeti/network/bridged/up'))
  },
  'the package’s scripts are gone': (host) => rmSync(host.file(installedScripts, 'okeanid-nic')),
  'a script of ours is not executable': (host) =>
    chmodSync(host.file(installedScripts, 'okeanid-nic'), 0o644),
  'hooks wait and nobody takes them': (host) => {
    host.write('state/spool/hooks/1.json', '{}')
    utimesSync(host.file('state/spool/hooks/1.json'), 0, 0)
  },
  'others may write a script of yours': (host) => {
    host.write('hooks/post-instance-start.d/50-mine', '#!/bin/sh\n')
    chmodSync(host.file('hooks/post-instance-start.d/50-mine'), 0o777)
  },
  'a queue has more room than its buffer': (host) =>
    host.configure('[queueing]\nreceive_buffer = 1M\n'),
  'the configuration was changed and the role not told': async (host, t) => {
    const program = ['dist/agent/bin/okeanid.js', 'agent', '--role', 'events']
    const role = startProgram([...program, '-c', host.file('okeanid.ini')])
    t.teardown(() => role[Symbol.asyncDispose]())
    await logged(role, /is-master|not-in-cluster/)
    host.configure('[events]\nrescan = 5s\n')
  },
}

inOwnNetwork(
  import.meta.url,
  () => {
    const rows = rowsUnder('What okeanid doctor finds')

    t.test('docs/troubleshooting.md has a row for each, and none beside', async (t) => {
      t.strictSame([...rows.keys()].sort(), Object.keys(breakings).sort())
    })

    /** Lines without what differs from host to host. */
    const lines = async (host: TroubledHost) =>
      (await host.findings()).map((finding) => ({
        line: lineOf(finding).replaceAll(host.directory, 'DIR'),
        cure: finding.cure.replaceAll(host.directory, 'DIR'),
      }))

    t.test('broken one by one', async (t) => {
      await using well = await openTroubledHost()
      const usual = new Set((await lines(well)).map(({ line }) => line))
      await well[Symbol.asyncDispose]()
      for (const [name, breakHost] of Object.entries(breakings))
        await t.test(name, async (t) => {
          await using host = await openTroubledHost()
          await breakHost(host, t)
          const news = (await lines(host)).filter(({ line }) => !usual.has(line))
          const row = rows.get(name)
          const isTold = news.some(
            ({ line, cure }) => row?.finding.test(line) && row.cure.test(cure),
          )
          if (!isTold)
            for (const { line, cure } of news) t.comment(`| ${name} | \`${line}\` | ${cure} |`)
          const what = row === undefined ? 'has no row' : `is told as ${row.finding}`
          t.ok(isTold, what, { told: news })
        })
    })
  },
  { hasMounts: true },
)
