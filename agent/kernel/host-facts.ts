import { readFile } from 'node:fs/promises'
import { AgentError, hasCode } from '#errors.js'
import type { ForwardBlock } from '#nic/forward/fate.js'
import type { IpVersion } from '#nic/queueing/iptables.js'
import { bridgeSysctls } from './br-netfilter.js'
import { canTrackBridges } from './bridge-tracking.js'
import { readForwardBlocks } from './forward.js'
import { readLinkFacts } from './link-facts.js'
import { canNftQueue } from './nft.js'
import { parseQueueStats } from './queue-stats.js'
import { runProgram } from './run-program.js'
import { readSysctl } from './sysctl.js'

/** What this kernel and its tools can do. Tried in a network namespace that ends at once: nothing of the host is touched. */
export async function readKernelFacts(): Promise<{
  readonly hasQueues: boolean
  readonly canNft: boolean
  readonly canTrackBridges: boolean
  readonly iptables4: string | undefined
  readonly iptables6: string | undefined
}> {
  const [hasQueues, canNft, canTrack, iptables4, iptables6] = await Promise.all([
    hasPacketQueues(),
    canNftQueueNow(),
    canTrackBridges(),
    iptablesProblem('iptables'),
    iptablesProblem('ip6tables'),
  ])
  return { hasQueues, canNft, canTrackBridges: canTrack, iptables4, iptables6 }
}

/** An nft that does not answer is told of where its rules are read. */
async function canNftQueueNow(): Promise<boolean> {
  try {
    return await canNftQueue()
  } catch (error) {
    if (hasCode(error, 'PROGRAM_FAILED')) return false
    throw error
  }
}

/** Bound queues of this network namespace with the names of those who hold them. */
export async function readBoundQueues(): Promise<
  readonly {
    readonly number: number
    readonly portId: number
    readonly owner: string | undefined
    readonly waiting: number
    readonly dropped: number
  }[]
> {
  const text = await readText('/proc/self/net/netfilter/nfnetlink_queue')
  return Promise.all(
    parseQueueStats(text ?? '').map(async (stats) => ({
      number: stats.queueNumber,
      portId: stats.portId,
      owner: await processName(stats.portId),
      waiting: stats.waiting,
      dropped: stats.queueDropped + stats.userDropped,
    })),
  )
}

/**
 * Bridges that lose fragments by br_netfilter: it has conntrack put together what comes in untagged, and does not take apart again what
 * goes out tagged, which is too long then (test/lab/proofs/rk-fragments.sh).
 */
export async function readFragmentLoss(
  version: IpVersion,
): Promise<{ readonly version: IpVersion; readonly bridges: readonly string[] }> {
  const isOn = (await readSysctl(bridgeSysctls[version])) === '1'
  const links = isOn ? await readLinkFacts() : []
  return { version, bridges: links.filter((link) => link.isVlanAware).map(({ name }) => name) }
}

/** Where br_netfilter shows bridged packets to rules that drop them. */
export async function readCutOff(
  version: IpVersion,
): Promise<{ readonly version: IpVersion; readonly blocks: readonly ForwardBlock[] }> {
  const isOn = (await readSysctl(bridgeSysctls[version])) === '1'
  return { version, blocks: isOn ? await readForwardBlocks(version) : [] }
}

/** Of these interfaces those that drop all IPv6 before any hook; ones that are not there are left out. */
export async function readWithoutIpv6(names: readonly string[]): Promise<readonly string[]> {
  const values = await Promise.all(
    names.map((name) => readText(`/proc/sys/net/ipv6/conf/${name}/disable_ipv6`)),
  )
  return names.filter((_, index) => values[index]?.trim() === '1')
}

/** Effective capabilities of a process as bits (proc_pid_status(5)); undefined when it is gone. */
export async function readCapabilities(pid: number): Promise<bigint | undefined> {
  const bits = /^CapEff:\s*([0-9a-f]+)$/m.exec((await readText(`/proc/${pid}/status`)) ?? '')?.[1]
  return bits === undefined ? undefined : BigInt(`0x${bits}`)
}

async function hasPacketQueues(): Promise<boolean> {
  if ((await readText('/proc/self/net/netfilter/nfnetlink_queue')) !== undefined) return true
  return (await problemOf('modprobe', ['-n', '-q', 'nfnetlink_queue'])) === undefined
}

function iptablesProblem(program: string): Promise<string | undefined> {
  const rule = ['-t', 'raw', '-A', 'PREROUTING', '-p', 'udp', '-j', 'NFQUEUE', '--queue-num', '0']
  return problemOf('unshare', ['--net', program, '-w', '5', ...rule, '--queue-bypass'])
}

/** Why a program does not do what it is asked, its first line; undefined when it does. */
async function problemOf(program: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { code, stderr } = await runProgram(program, args)
    return code === 0 ? undefined : (stderr.split('\n')[0] ?? `status ${code}`)
  } catch (error) {
    if (error instanceof AgentError && hasCode(error, 'PROGRAM_FAILED')) return error.message
    throw error
  }
}

/** A netlink port is the process id of the first socket of a process, so this is a good guess and no more. */
async function processName(portId: number): Promise<string | undefined> {
  const command = await readText(`/proc/${portId}/cmdline`)
  if (command === undefined || command === '') return undefined
  return `${command.replaceAll('\0', ' ').trim().slice(0, 80)} (pid ${portId})`
}

async function readText(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined) // not there, or not for us: not known
}
