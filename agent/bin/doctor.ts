/**
 * `okeanid doctor`: looks at everything that has to be right for guests to be served and events to be told, and prints one line
 * a finding, each with its cure. Changes nothing. Gathers facts here and in `kernel/host-facts.ts`; what they mean is
 * decided in `doctor/`. Exit code 1 when something is broken.
 */
import { brokerSettings } from '#broker/configured.js'
import { probeBroker } from '#broker/probe.js'
import { configFindings } from '#doctor/config-findings.js'
import { diagnose } from '#doctor/diagnose.js'
import type { BindingFacts, HostFacts, KernelFacts, QueueingFacts } from '#doctor/facts.js'
import type { Finding } from '#doctor/finding.js'
import { AgentError, hasCode } from '#errors.js'
import { readForeignRules } from '#kernel/foreign-rules.js'
import {
  readBoundQueues,
  readCutOff,
  readFragmentLoss,
  readKernelFacts,
  readWithoutIpv6,
} from '#kernel/host-facts.js'
import { loadAddon } from '#kernel/native.js'
import { inspectQueueing } from '#kernel/queueing.js'
import type { LoadedConfig } from '#service/config.js'
import { printable, printLine } from '#service/log.js'
import type { NodeConfig } from '#service/node-config.js'
import { readConfigFacts } from './doctor-config.js'
import { type AskedRole, askForFacts } from './doctor-roles.js'
import { readDiskFacts, readNetworkFacts, readSurroundingFacts } from './doctor-surroundings.js'
import { installedScripts, readHooks, readWaitingHooks } from './hook-files.js'
import { pathsOf } from './paths.js'
import { queueingSettings } from './queueing-settings.js'
import { readServedTaps, type ServedNow } from './served-taps.js'
import { readStartFacts } from './start-facts.js'

/**
 * Prints the findings, what is broken first.
 * @throws AgentError HOST_BROKEN when something is, after all was printed
 */
export async function printDoctor(
  location: { readonly file: string; readonly isRequired: boolean },
  { json }: { readonly json?: true },
): Promise<void> {
  const findings = await examineHost(location)
  const brokenCount = findings.filter(({ level }) => level === 'broken').length
  if (json) printLine(JSON.stringify({ ok: brokenCount === 0, findings }, null, 2))
  else for (const finding of findings) printLine(describe(finding))
  if (brokenCount > 0)
    throw new AgentError('HOST_BROKEN', `${brokenCount} of these keep guests or events from us`)
  if (!json) printLine('ok: nothing is broken')
}

/** What of a host need not be found out, in tests. */
export interface Known {
  readonly kernel?: KernelFacts
}

/** All findings of this host. */
export async function examineHost(
  location: { readonly file: string; readonly isRequired: boolean },
  knownBefore: Known = {},
): Promise<readonly Finding[]> {
  const { loaded, facts } = await readConfigFacts(location)
  // by which values should the rest be judged?
  if (loaded === undefined) return configFindings(facts)
  return diagnose({ ...(await gatherFacts(loaded, knownBefore)), config: facts })
}

/** `broken  queue: queue 42 is held by …; cure: …` */
function describe({ level, about, what, cure }: Finding): string {
  return printable(`${level.padEnd(6)}  ${about}: ${what}; cure: ${cure}`)
}

async function gatherFacts(loaded: LoadedConfig, { kernel }: Known): Promise<HostFacts> {
  const { config } = loaded
  const isRoot = process.getuid?.() === 0
  const served = await readServedTaps(config)
  const bindings = bindingFacts(served)
  const roles = await askForFacts(config)
  const { root } = config.ganeti
  const hooks = readHooks({ root, scripts: installedScripts })
  const isCalled = hooks.hooks.some(({ caller, state }) => caller !== 'hooks' && state === 'ours')
  return {
    nodeVersion: process.versions.node,
    isRoot,
    addonProblem: addonProblem(),
    kernel: kernel ?? (isRoot ? await readKernelFacts() : unknownKernel),
    queueing: await queueingFacts(config, { isRoot, served, roles }),
    bindings,
    disk: readDiskFacts(loaded),
    network: await readNetworkFacts(loaded, bindings),
    surroundings: await readSurroundingFacts(loaded, { isCalled }),
    brokerProblem: await probeFor(config, roles),
    roles: roles.map(({ facts }) => facts),
    hooks: { ...hooks, ...readWaitingHooks(pathsOf(config).hooksSpool) },
    starts: isCalled ? readStartFacts(root, config) : undefined,
  }
}

/** How long a broker may take to let us in. */
const probeMs = 5000

/** The events role tells how its broker is; where it does not run, we look ourselves. */
async function probeFor(
  config: NodeConfig,
  roles: readonly AskedRole[],
): Promise<string | undefined> {
  const isTold = roles.some(({ facts: { role, problem } }) => role === 'events' && !problem)
  if (isTold || !config.broker.enabled) return undefined
  try {
    return await probeBroker(await brokerSettings(config.broker), { timeoutMs: probeMs })
  } catch (error) {
    if (error instanceof AgentError && hasCode(error, 'CONFIG_INVALID')) return undefined // said of the file
    throw error
  }
}

/** What only root can find out; no finding rests on it for others. */
const unknownKernel: KernelFacts = {
  hasQueues: true,
  canNft: true,
  canTrackBridges: true,
  iptables4: undefined,
  iptables6: undefined,
}

function addonProblem(): string | undefined {
  try {
    loadAddon()
    return undefined
  } catch (error) {
    const { cause, message } = error instanceof Error ? error : new Error(String(error))
    return cause instanceof Error ? (cause.message.split('\n')[0] ?? message) : message
  }
}

function bindingFacts({ taps, services, missing, problems }: ServedNow): BindingFacts {
  const isServed = ({ dhcp4, ra, nd, dhcp6 }: BindingFacts['taps'][number]) =>
    dhcp4 || ra || nd || dhcp6
  const served = [...taps.values()].filter(isServed)
  const names = new Set(served.map(({ tap }) => tap))
  const networks = services.flatMap(({ tap, network }) =>
    network !== undefined && names.has(tap) ? [network] : [],
  )
  return {
    taps: served,
    networks: [...new Set(networks)].sort(),
    missingFolders: missing,
    problems,
  }
}

async function queueingFacts(
  config: NodeConfig,
  {
    isRoot,
    served,
    roles,
  }: {
    readonly isRoot: boolean
    readonly served: ServedNow
    readonly roles: readonly AskedRole[]
  },
): Promise<QueueingFacts> {
  const settings = queueingSettings(config)
  const { numbers, manage } = settings
  const taps = [...served.taps.values()]
  const ours = new Set(roles.flatMap(({ boundPorts }) => boundPorts))
  const used = new Set(
    Object.values(numbers)
      .slice(0, 4)
      .flatMap((n) => [n, n + numbers.dropOffset]),
  )
  const base = {
    manage,
    numbers,
    maxLength: config.queueing.max_length,
    receiveBufferBytes: config.queueing.receive_buffer.bytes,
    bound: (await readBoundQueues())
      .filter(({ number }) => used.has(number))
      .map((queue) => ({ ...queue, isOurs: ours.has(queue.portId) })),
    withoutIpv6: await readWithoutIpv6(taps.filter(isRoutedByIpv6).map(({ tap }) => tap)),
  }
  if (!isRoot) return { ...base, ...unknownRules }
  const foreign = [...(await readForeignRules())].filter(([number]) => used.has(number))
  return {
    ...base,
    ...(await inspect(config, taps)),
    cutOff: [await readCutOff(4), await readCutOff(6)],
    fragmentLoss: [await readFragmentLoss(4), await readFragmentLoss(6)],
    changedSysctls: await settings.journal.load(),
    foreignRules: new Map(foreign),
  }
}

/** Frames of a port are bridged whatever IPv6 the port itself has: nic up switches it off there. */
function isRoutedByIpv6({ mode, ra, nd, dhcp6 }: BindingFacts['taps'][number]): boolean {
  return mode !== 'bridged' && mode !== 'openvswitch' && (ra || nd || dhcp6)
}

const unknownRules = {
  drift: undefined,
  problem: undefined,
  refusals: [],
  cutOff: [],
  fragmentLoss: [],
  changedSysctls: [],
  foreignRules: new Map<number, readonly string[]>(),
} as const

async function inspect(
  config: NodeConfig,
  taps: Parameters<typeof inspectQueueing>[1],
): Promise<Pick<QueueingFacts, 'drift' | 'problem' | 'refusals'>> {
  const settings = queueingSettings(config)
  if (settings.manage === 'no') return { drift: undefined, problem: undefined, refusals: [] }
  try {
    const { drift, refusals } = await inspectQueueing(settings, taps)
    return { drift, refusals, problem: undefined }
  } catch (error) {
    if (!(error instanceof AgentError)) throw error
    return { drift: undefined, refusals: [], problem: error.message }
  }
}
