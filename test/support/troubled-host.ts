import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { writeCompiled } from '#bin/config-compile.js'
import { examineHost } from '#bin/doctor.js'
import { installedScripts, installHooks } from '#bin/hook-files.js'
import type { KernelFacts } from '#doctor/facts.js'
import type { Finding } from '#doctor/finding.js'
import { loadConfig } from '#service/config.js'

/** Group of the roles' users on this host. */
export const group = 4242

/** A node in a namespace of its own on which all is well, as far as the doctor can say without running roles; to be broken. */
export interface TroubledHost extends AsyncDisposable {
  readonly directory: string
  readonly file: (...parts: readonly string[]) => string
  /** Writes a file below the node's folder; root's own, mode 0644. */
  write(name: string, text: string): void
  /** Writes the configuration: what it has always, and more sections. */
  configure(more: string): void
  /** A binding of a NIC, which is served. */
  bind(tap: string, mode: 'bridged' | 'routed', more?: Readonly<Record<string, string>>): void
  /** What the doctor says now. */
  findings(): Promise<readonly Finding[]>
}

/** Makes one: a Ganeti node with our hooks in place, a bridge `br9` with an uplink and the tap of a guest, a routed tap. */
export async function openTroubledHost(): Promise<TroubledHost> {
  const directory = mkdtempSync(path.join(tmpdir(), 'okeanid-host-'))
  const file = (...parts: readonly string[]) => path.join(directory, ...parts)
  const location = { file: file('okeanid.ini'), isRequired: true }
  const host: TroubledHost = {
    directory,
    file,
    write(name, text) {
      mkdirSync(path.dirname(file(name)), { recursive: true })
      writeFileSync(file(name), text)
    },
    configure(more) {
      const usual = `[ganeti]\nroot = ${directory}\n[agent]\nstate_directory = ${file('state')}\nruntime_directory = ${file('run')}\n[scripts]\ndirectory = ${file('hooks')}\n`
      const broker = /^\[broker\]/m.test(more) ? '' : '[broker]\nenabled = no\n'
      host.write('okeanid.ini', `${usual}${broker}${more}`)
      chownSync(file('okeanid.ini'), 0, group)
      chmodSync(file('okeanid.ini'), 0o640)
    },
    bind(tap, mode, more = {}) {
      const network = { name: 'net1', subnet: '10.0.0.0/16', gateway: '10.0.0.1' }
      const tags = ['okeanid:dhcp']
      const nic = {
        version: 1,
        tap,
        mac: `aa:00:00:00:00:${tap.slice(-2)}`,
        instance: `${tap}.example.org`,
      }
      const link = mode === 'bridged' ? { link: 'br9' } : {}
      const binding = {
        ...nic,
        ...link,
        ...more,
        mode,
        ip: '10.0.0.7',
        network: { ...network, tags },
      }
      host.write(`run/nics/${tap}.json`, JSON.stringify(binding))
    },
    findings: () => examineHost(location, { kernel: ableKernel }),
    async [Symbol.asyncDispose]() {
      ip(links.map((link) => `link del ${link}`))
      spawnSync('umount', ['-q', file('state')]) // where something was mounted
      rmSync(directory, { recursive: true, force: true })
    },
  }
  host.write('etc/group', `root:x:0:\nokeanid:x:${group}:\n`)
  const ssconf = {
    cluster_name: 'cluster.example.org',
    master_node: 'n1',
    master_candidates: 'n1',
    node_primary_ips: 'n1 127.0.0.1',
  }
  for (const [key, value] of Object.entries(ssconf))
    host.write(`var/lib/ganeti/ssconf_${key}`, `${value}\n`)
  for (const spool of ['nics', 'progress', 'hooks', 'hints', 'net'])
    mkdirSync(file('state/spool', spool), { recursive: true, mode: 0o770 })
  mkdirSync(file('run/spool/responder'), { recursive: true, mode: 0o770 })
  host.write('usr/lib/ganeti/kvm-ifup', '#!/bin/sh\n')
  const scripts = file(installedScripts)
  mkdirSync(scripts, { recursive: true })
  for (const name of ['okeanid-nic', 'okeanid-post']) {
    copyFileSync(path.join('hooks', name), path.join(scripts, name))
    chmodSync(path.join(scripts, name), 0o755)
  }
  installHooks({ root: directory, scripts: installedScripts })
  host.configure('')
  await writeCompiled(await loadConfig(location.file, location))
  ip([
    'link set lo up',
    'link add br9 type bridge',
    'link add up9 type veth peer name far9',
    'tuntap add tap19 mode tap',
    'tuntap add tap29 mode tap',
    'link set up9 master br9',
    'link set tap19 master br9',
    ...links.map((link) => `link set ${link} up`),
  ])
  host.bind('tap19', 'bridged')
  host.bind('tap29', 'routed')
  return host
}

/** What the kernel can do is looked at by test/bin/nics-role.test.ts; it takes longer than all else. */
const ableKernel: KernelFacts = {
  hasQueues: true,
  canNft: true,
  canTrackBridges: true,
  iptables4: undefined,
  iptables6: undefined,
}

const links = ['br9', 'up9', 'tap19', 'tap29']

/** Several commands by one process. What a breakage has removed is passed over. */
function ip(commands: readonly string[]): void {
  spawnSync('ip', ['-force', '-batch', '-'], { input: `${commands.join('\n')}\n` })
}
