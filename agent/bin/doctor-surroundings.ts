import { existsSync, readdirSync, readFileSync, statfsSync, statSync } from 'node:fs'
import path from 'node:path'
import type { DiskFacts } from '#doctor/disk-findings.js'
import type { BindingFacts } from '#doctor/facts.js'
import type { SurroundingFacts } from '#doctor/host-findings.js'
import type { NetworkFacts } from '#doctor/network-findings.js'
import { AgentError } from '#errors.js'
import { readLinkFacts } from '#kernel/link-facts.js'
import { readSysctl } from '#kernel/sysctl.js'
import { isClockFree, readUnitFacts } from '#kernel/systemd-facts.js'
import { readUdpListeners } from '#kernel/udp-listeners.js'
import { compileNicConfig } from '#nic/nic-config.js'
import type { LoadedConfig } from '#service/config.js'
import { readClusterView } from '#watch/cluster.js'
import { nicPlaces } from './nic-places.js'
import { pathsOf } from './paths.js'
import { readFolder } from './script-folder.js'

/** `TMPFS_MAGIC` (linux/magic.h). */
const tmpfsMagic = 0x01021994

/** Where messages wait, and the folders by which roles meet. */
export function readDiskFacts({ config }: Pick<LoadedConfig, 'config'>): DiskFacts {
  const directory = config.agent.state_directory
  const { nicsSpool, progressSpool, hooksSpool, hintsSpool, netSpool, responderSpool } =
    pathsOf(config)
  const spools = [nicsSpool, progressSpool, hooksSpool, hintsSpool, netSpool, responderSpool]
  return {
    directory,
    space: spaceOf(directory),
    spools: spools.map((spool) => ({ path: spool, mode: modeOf(spool) })),
  }
}

function spaceOf(directory: string): DiskFacts['space'] {
  try {
    const { type, bavail, bsize, ffree, files } = statfsSync(directory)
    return {
      isTmpfs: type === tmpfsMagic,
      availableBytes: bavail * bsize,
      freeInodes: ffree,
      totalInodes: files,
    }
  } catch {
    return undefined
  }
}

function modeOf(file: string): number | undefined {
  const stats = statSync(file, { throwIfNoEntry: false })
  return stats && stats.mode & 0o7777
}

/** What of this host's network stands between guests and the world, beside rules and queues. */
export async function readNetworkFacts(
  { settings }: Pick<LoadedConfig, 'settings'>,
  { taps }: Pick<BindingFacts, 'taps'>,
): Promise<NetworkFacts> {
  const links = new Map((await readLinkFacts()).map((link) => [link.name, link]))
  const bridged = taps.filter(({ mode }) => mode === 'bridged')
  const here = bridged.flatMap(({ tap }) => links.get(tap) ?? [])
  const bridges = [...new Set(here.flatMap(({ master }) => master ?? []))]
  const isServing = bridged.some(({ dhcp4 }) => dhcp4)
  return {
    missing: [...named(settings)].filter(({ name }) => links.size > 0 && !links.has(name)),
    bridges: bridges.map((name) => ({
      name,
      isUp: links.get(name)?.isUp ?? false,
      hasUplink: [...links.values()].some(({ master, kind }) => master === name && kind !== 'tun'),
    })),
    loose: here.flatMap(({ name, master }) => (master === undefined ? [name] : [])),
    dhcpServers: isServing ? await readUdpListeners(67) : [],
    isStrict:
      taps.some(({ mode }) => mode === 'routed') &&
      (await readSysctl('net.ipv4.conf.all.rp_filter')) === '1',
    tracked: await readTracked(),
  }
}

/** Interfaces that the configuration names. */
function* named(settings: LoadedConfig['settings']): Iterable<NetworkFacts['missing'][number]> {
  for (const { section, key, text } of settings) {
    const isLink = key === 'private_uplink' || key === 'proxy_on'
    if (isLink && text !== '' && text !== 'none' && text !== 'auto')
      yield { key: `[${section}] ${key}`, name: text }
  }
}

async function readTracked(): Promise<NetworkFacts['tracked']> {
  const [count, max] = await Promise.all(
    ['count', 'max'].map((what) => readSysctl(`net.netfilter.nf_conntrack_${what}`)),
  )
  return count === undefined || max === undefined
    ? undefined
    : { count: Number(count), max: Number(max) }
}

const unitNames = ['okeanid-agent', 'okeanid-responder', 'okeanid-nics', 'okeanid-hooks.path']

/**
 * What the rest of the host does that touches us.
 * @param options.isCalled Ganeti calls us for NICs, so that it matters what `nic up` goes by
 */
export async function readSurroundingFacts(
  { config, settings }: Pick<LoadedConfig, 'config' | 'settings'>,
  { isCalled }: { readonly isCalled: boolean },
): Promise<SurroundingFacts> {
  const { root } = config.ganeti
  const cluster = await readClusterView(pathsOf(config).dataDirectory).catch((error: unknown) => {
    if (error instanceof AgentError) return error
    throw error
  })
  const isCluster = !(cluster instanceof AgentError)
  const breakGlass = path.join(root, nicPlaces().breakGlassFile)
  const nftables = readText(path.join(root, 'etc/nftables.conf'))
  // Debian ships the file so; it is of account where its unit is enabled
  const isLoaded = namesIn(path.join(root, 'etc/systemd/system/sysinit.target.wants')).includes(
    'nftables.service',
  )
  return {
    ganetiProblem: isCluster ? undefined : cluster.message.split(';')[0],
    isStranger: isCluster && cluster.ownNode === undefined,
    flushesRuleset: isLoaded && /^\s*flush\s+ruleset\b/m.test(nftables ?? ''),
    nfdhcpdAtBoot: nfdhcpdAtBoot(root),
    breakGlass: existsSync(breakGlass) ? breakGlass : undefined,
    compiled: isCalled ? compiledState({ config, settings }) : undefined,
    refusedScripts: await refusedScripts(config.scripts.directory),
    isClockFree: await isClockFree(),
    units: await readUnitFacts(unitNames),
  }
}

function compiledState({
  config,
  settings,
}: Pick<LoadedConfig, 'config' | 'settings'>): SurroundingFacts['compiled'] {
  const { configFile } = nicPlaces({ stateDirectory: config.agent.state_directory })
  const text = readText(configFile)
  if (text === undefined) return 'missing'
  return text === compileNicConfig(settings) ? undefined : 'old'
}

/** Its unit, or the link of its init script in Debian's usual run level. */
function nfdhcpdAtBoot(root: string): string | undefined {
  const folders = ['etc/systemd/system/multi-user.target.wants', 'etc/rc2.d']
  const files = folders.flatMap((folder) =>
    namesIn(path.join(root, folder)).map((name) => path.join(root, folder, name)),
  )
  return files.find((file) => /^(?:S\d\dnfdhcpd|nfdhcpd\.service)$/.test(path.basename(file)))
}

async function refusedScripts(directory: string): Promise<readonly string[]> {
  const folders = namesIn(directory).filter((name) => /^post-.*\.d$/.test(name))
  const found = await Promise.all(folders.map((name) => readFolder(path.join(directory, name))))
  return found
    .flat()
    .flatMap(({ file, verdict }) => (verdict.kind === 'refused' ? [`${file}: ${verdict.why}`] : []))
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // not there, or not for us
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
