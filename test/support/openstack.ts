import { execFile } from 'node:child_process'
import { accessSync } from 'node:fs'
import { promisify } from 'node:util'
import { temporaryFolder } from './temporary-folder.js'

const run = promisify(execFile)

/** Somebody who uses the stock clients. */
export interface ClientIdentity {
  /** Of Keystone: `http://127.0.0.1:8774/identity/v3`. */
  readonly authUrl: string
  readonly userName: string
  readonly password: string
  readonly projectName: string
}

/** Debian's `openstack` and `nova`, run as they are installed. */
export interface Clients {
  /** What `openstack … -f json` prints, or the text of a command that prints none. */
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it asked for
  readonly openstack: (...args: readonly string[]) => Promise<any>
  /** What `nova …` prints. */
  readonly nova: (...args: readonly string[]) => Promise<string>
}

/**
 * Why the clients cannot be run here, or undefined.
 * @throws Error with that reason when `REQUIRE_LAB=1` or `CI=true` is set: there a skip would be a lie
 */
export function clientsUnavailable(): string | undefined {
  const missing = ['/usr/bin/openstack', '/usr/bin/nova'].find((path) => !isThere(path))
  if (missing === undefined) return undefined
  const reason = `${missing} is missing: apt-get install python3-openstackclient python3-novaclient`
  if (process.env['REQUIRE_LAB'] === '1' || process.env['CI'] === 'true') {
    throw new Error(`stock clients are required, but: ${reason}`)
  }
  return reason
}

/** Clients of one user, who see nothing of this machine's environment. */
export function openClients({ authUrl, userName, password, projectName }: ClientIdentity): Clients {
  const env = {
    PATH: '/usr/bin:/bin',
    HOME: temporaryFolder('openstack'),
    LC_ALL: 'C.UTF-8',
    OS_AUTH_URL: authUrl,
    OS_USERNAME: userName,
    OS_PASSWORD: password,
    OS_PROJECT_NAME: projectName,
    OS_USER_DOMAIN_NAME: 'Default',
    OS_PROJECT_DOMAIN_NAME: 'Default',
    OS_IDENTITY_API_VERSION: '3',
  }
  const options = { env, maxBuffer: 16 * 1024 * 1024, timeout: 240_000 }
  return {
    async openstack(...args) {
      const { stdout } = await run('/usr/bin/openstack', args, options)
      return /^\s*[[{]/.test(stdout) ? JSON.parse(stdout) : stdout.trim()
    },
    async nova(...args) {
      const { stdout } = await run('/usr/bin/nova', args, options)
      return stdout
    },
  }
}

function isThere(path: string): boolean {
  try {
    accessSync(path)
    return true
  } catch {
    return false
  }
}
