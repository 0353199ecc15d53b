import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { temporaryFolder } from '../support/temporary-folder.js'
import { until } from '../support/until.js'
import { type Finished, finished } from './command.js'
import type { Lab } from './lab.js'

/**
 * A central API on the lab's machine `api`, with the lab's cluster, an admin, a tenant, two flavors, an image, a network and floating
 * addresses. Screens are served by VNC at the nodes.
 */
export interface LabCentral {
  /** Where it is reached from this host, `http://127.0.0.1:PORT`. */
  readonly url: string
  /** Runs `okeanid-central` on its machine, as its user. */
  readonly admin: (argv: readonly string[], input?: string) => Promise<string>
  /** Runs Debian's `openstack` or `nova` here as the tenant, with `-f json` where it is openstack that shows or lists. */
  readonly openstack: (argv: readonly string[]) => Promise<Finished>
  readonly nova: (argv: readonly string[]) => Promise<Finished>
  /** The same as JSON; it must succeed. */
  readonly ask: (argv: readonly string[]) => Promise<unknown>
}

const tenant = { user: 'demo', project: 'demo', password: 'demo-secret' }

const port = 8774

/**
 * Installs and starts it, and makes what a first tenant needs. The agents run and tell already.
 *
 * @param deb its package; without one the built program is put there as the package would
 */
export async function openCentral(lab: Lab, deb?: string): Promise<LabCentral> {
  if (deb === undefined) await lab.deploy({ machines: ['api'] })
  else await lab.install([deb], ['api'])
  const forward = await lab.forward('api', port)
  const url = `http://127.0.0.1:${forward}`
  const folder = temporaryFolder('central')
  const push = async (name: string, text: string, target: string) => {
    const file = path.join(folder, name)
    writeFileSync(file, text)
    await lab.push('api', file, target)
    await lab.execOk('api', ['chown', 'okeanid-central:', target])
  }
  const config = `[server]
listen = 0.0.0.0
port = ${port}
public_url = ${url}
[broker]
url = ${lab.brokerUrl}
[ganeti]
poll = 5s
[reconcile]
every = 1m
`
  await push('central.ini', config, '/etc/okeanid/central.ini')
  const master = await lab.master()
  const certificate = await lab.execOk(master, [
    'sed',
    '-n',
    '/BEGIN CERT/,/END CERT/p',
    '/var/lib/ganeti/rapi.pem',
  ])
  await push('rapi.pem', certificate, '/etc/okeanid/rapi.pem')
  await lab.execOk('api', ['systemctl', 'restart', 'okeanid-central'])
  await until('the central API', async () => {
    const answer = await fetch(`${url}/healthz`).catch(() => undefined)
    return answer?.ok ? true : undefined
  })
  const admin = (argv: readonly string[], input = '') =>
    lab.execOk('api', ['okeanid-central', ...argv], { input })
  await admin(['init', '--password-file', '-'], 'admin-secret\n')
  await admin(['project', 'add', tenant.project])
  await admin(
    ['user', 'add', tenant.user, '--project', tenant.project, '--password-file', '-'],
    `${tenant.password}\n`,
  )
  await admin(
    [
      ...['cluster', 'add', 'cluster.lab.example', '--rapi', 'https://cluster.lab.example:5080'],
      ...['--user', 'lab', '--password-file', '-', '--ca', '/etc/okeanid/rapi.pem'],
    ],
    'lab-secret\n',
  )
  for (const [name, ram] of [
    ['tiny', '160'],
    ['small', '192'],
  ] as const) {
    const size = ['--vcpus', '1', '--ram', ram, '--disk', '0', '--disk-template', 'diskless']
    await admin(['flavor', 'add', name, ...size])
  }
  const kernel = 'console=ttyS1 console=ttyS0 quiet labname=central'
  const console_ =
    '-chardev file,id=labcon,path=/var/log/lab/central.con,append=on -device isa-serial,chardev=labcon'
  await admin([
    ...['image', 'add', 'guest', '--os', 'noop+default'],
    ...['--hvparam', 'initrd_path=/srv/ganeti/boot/initrd-bb'],
    ...['--hvparam', `kernel_args=${kernel}`, '--hvparam', `kvm_extra=${console_}`],
    ...['--hvparam', 'vnc_bind_address=0.0.0.0'],
  ])
  const network = ['network', 'add', 'net', '--flavor', 'CUSTOM', '--public', '--link', 'br0']
  const { id } = JSON.parse(await admin([...network, '--json'])) as { readonly id: number }
  const pool = ['--gateway', '192.0.2.1', '--pool', '192.0.2.128-192.0.2.200']
  await admin(['subnet', 'add', String(id), '192.0.2.0/24', ...pool])
  const floating = ['--flavor', 'CUSTOM', '--floating', '--link', 'br0']
  await admin(['network', 'add', 'float', ...floating, '--subnet', '198.18.0.0/24'])
  const environment = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: folder,
    OS_AUTH_URL: `${url}/identity/v3`,
    OS_IDENTITY_API_VERSION: '3',
    OS_USERNAME: tenant.user,
    OS_PASSWORD: tenant.password,
    OS_PROJECT_NAME: tenant.project,
    OS_USER_DOMAIN_NAME: 'Default',
    OS_PROJECT_DOMAIN_NAME: 'Default',
  }
  const run = (program: string) => (argv: readonly string[]) =>
    finished(spawn(program, [...argv], { env: environment, stdio: ['pipe', 'pipe', 'pipe'] }), {})
  const openstack = run('openstack')
  return {
    url,
    admin,
    openstack,
    nova: run('nova'),
    async ask(argv) {
      const { code, stdout, stderr } = await openstack([...argv, '-f', 'json'])
      if (code !== 0) throw new Error(`openstack ${argv.join(' ')}: ${stderr}`)
      return JSON.parse(stdout)
    },
  }
}
