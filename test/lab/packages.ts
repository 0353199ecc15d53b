import { execFile } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { temporaryFolder } from '../support/temporary-folder.js'
import type { Lab } from './lab.js'

/** Debian packages, as files of this host. */
export interface Packages {
  readonly agent: string
  readonly central: string
}

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Packages of this tree as it is built, as the version that it has or another one; made when there are none of this state. */
export async function labPackages(version?: string): Promise<Packages> {
  const script = path.join(root, 'scripts/lab-packages.mjs')
  const argv = [script, ...(version === undefined ? [] : [version])]
  const { stdout } = await promisify(execFile)(process.execPath, argv, { cwd: root })
  const folder = stdout.trim().split('\n').at(-1) ?? ''
  const find = (name: string) => {
    const found = readdirSync(folder).find((file) => file.startsWith(`${name}_`))
    if (found === undefined) throw new Error(`${folder}: there is no ${name}`)
    return path.join(folder, found)
  }
  return { agent: find('okeanid-agent'), central: find('okeanid-central') }
}

/**
 * What an administrator does after the installation: says where the broker is, has Ganeti call us, and the events role go over to it.
 */
export async function setUpAgents(lab: Lab, nodes: readonly string[] = lab.nodes): Promise<void> {
  const file = path.join(temporaryFolder('agents'), 'broker.ini')
  writeFileSync(file, `[broker]\nurl = ${lab.brokerUrl}\n`)
  const script = `install -d -m 750 -g okeanid /etc/okeanid/okeanid.d
    install -m 640 -g okeanid /tmp/broker.ini /etc/okeanid/okeanid.d/
    systemctl reload okeanid-agent
    okeanid hooks install`
  await Promise.all(
    nodes.map(async (node) => {
      await lab.push(node, file, '/tmp/broker.ini')
      await lab.execOk(node, ['sh', '-ec', script])
    }),
  )
}
