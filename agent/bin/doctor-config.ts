import { X509Certificate } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import type { CertificateFact, ConfigFacts, FileFact } from '#doctor/config-findings.js'
import { AgentError, hasCode } from '#errors.js'
import { type LoadedConfig, loadConfig } from '#service/config.js'
import { dropInDirectory } from '#service/config-files.js'
import type { NodeConfig } from '#service/node-config.js'
import { sections } from '#service/sections.js'

/** The configuration as the doctor finds it: used as far as it can be, or its faults. */
export interface ReadConfig {
  readonly loaded: LoadedConfig | undefined
  readonly facts: ConfigFacts
}

/** Reads the configuration, and who else may read it; faults are facts. */
export async function readConfigFacts(location: {
  readonly file: string
  readonly isRequired: boolean
}): Promise<ReadConfig> {
  const known = new Map([...sections()].map(([section, keys]) => [section, [...keys.keys()]]))
  const files = filesOf(location.file).map((file) => fileFact(file, hasPassword(file)))
  const base = { known, files, named: [], certificates: [], plainHosts: [], group: groupId('/') }
  try {
    const loaded = await loadConfig(location.file, location)
    const { broker, ganeti } = loaded.config
    const facts = {
      ...base,
      faults: [],
      named: namedFiles(broker),
      certificates: certificates(broker),
      group: groupId(ganeti.root),
      plainHosts: broker.enabled ? plainHosts(broker) : [],
    }
    return { loaded, facts }
  } catch (error) {
    if (!(error instanceof AgentError) || !hasCode(error, 'CONFIG_INVALID')) throw error
    return { loaded: undefined, facts: { ...base, faults: error.message.split('\n') } }
  }
}

function filesOf(file: string): readonly string[] {
  const folder = dropInDirectory(file)
  const names = existsSync(folder) ? readdirSync(folder) : []
  const dropIns = names
    .filter((name) => name.endsWith('.ini'))
    .map((name) => path.join(folder, name))
  return [file, ...dropIns].filter((each) => existsSync(each))
}

/** A password in an address, before its host. */
function hasPassword(file: string): boolean {
  try {
    return /^\s*url\s*=.*:\/\/[^:/@\s]*:[^@\s]+@/m.test(readFileSync(file, 'utf8'))
  } catch {
    return false // not for us to read: then certainly not for everybody
  }
}

function fileFact(file: string, isSecret: boolean): FileFact {
  const stats = statSync(file, { throwIfNoEntry: false })
  return { path: file, mode: stats && stats.mode & 0o7777, gid: stats?.gid ?? 0, isSecret }
}

function namedFiles(broker: NodeConfig['broker']): ConfigFacts['named'] {
  return (['password_file', 'ca_file', 'cert_file', 'key_file'] as const).flatMap((key) => {
    const file = broker[key]
    const isSecret = key === 'password_file' || key === 'key_file'
    const fact = fileFact(file, isSecret)
    return file === '' ? [] : [{ key, ...fact }]
  })
}

const dayMs = 24 * 60 * 60 * 1000

function certificates(broker: NodeConfig['broker']): readonly CertificateFact[] {
  return (['ca_file', 'cert_file'] as const).flatMap((key): readonly CertificateFact[] => {
    const file = broker[key]
    if (file === '' || !existsSync(file)) return []
    try {
      const { validTo } = new X509Certificate(readFileSync(file))
      return [{ key, path: file, validDays: (Date.parse(validTo) - Date.now()) / dayMs }]
    } catch {
      return [{ key, path: file, validDays: undefined }]
    }
  })
}

function plainHosts({ url, password_file: passwordFile }: NodeConfig['broker']): readonly string[] {
  const hosts = url.flatMap((text) => {
    const { protocol, hostname, password } = new URL(text)
    const isSecret = password !== '' || passwordFile !== ''
    const isHere = /^(?:localhost|127\..*|\[::1\])$/.test(hostname)
    return protocol === 'amqp:' && isSecret && !isHere ? [hostname] : []
  })
  return [...new Set(hosts)]
}

/** The group of the roles' users, by the host's own file. */
function groupId(root: string): number | undefined {
  try {
    const text = readFileSync(path.join(root, 'etc/group'), 'utf8')
    const digits = /^okeanid:[^:]*:(\d+):/m.exec(text)?.[1]
    return digits === undefined ? undefined : Number(digits)
  } catch {
    return undefined
  }
}
