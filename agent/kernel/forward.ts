import { readFile } from 'node:fs/promises'
import { hasCode } from '#errors.js'
import { type FilterTable, type ForwardBlock, forwardBlocks } from '#nic/forward/fate.js'
import { readIptablesFilter, readNftForward } from '#nic/forward/rules.js'
import type { IpVersion } from '#nic/queueing/iptables.js'
import { type IptablesVariant, iptablesProgram } from './iptables.js'
import { readRuleset } from './nft.js'
import { runOk, runProgram } from './run-program.js'

/** The bridges of this host whose frames the host's own rules would drop if br_netfilter showed them to iptables. */
export async function readForwardBlocks(version: IpVersion): Promise<readonly ForwardBlock[]> {
  const [tables, bridges] = await Promise.all([readForwardTables(version), readBridges()])
  return forwardBlocks(tables, bridges)
}

/**
 * The bridges of this network namespace. From rtnetlink by way of ip(8), for /sys may have been mounted in another namespace.
 * @throws AgentError PROGRAM_FAILED
 */
export async function readBridges(): Promise<readonly string[]> {
  const text = await runOk('ip', ['-o', 'link', 'show', 'type', 'bridge'])
  return [...text.matchAll(/^\d+: ([^:@]+)/gm)].map(([, name = '']) => name)
}

/** Every table with a FORWARD chain, of all three kinds of rules that a host can have side by side. */
async function readForwardTables(version: IpVersion): Promise<readonly FilterTable[]> {
  const [ruleset, nft, legacy] = await Promise.all([
    readRuleset(),
    savedFilter(version, '-nft'),
    hasLegacyFilter(version).then((has) => (has ? savedFilter(version, '-legacy') : [])),
  ])
  return [...nft, ...legacy, ...readNftForward(ruleset, version)]
}

/** Looking at a legacy table makes it, so it is asked first whether there is one. */
async function hasLegacyFilter(version: IpVersion): Promise<boolean> {
  const file = `/proc/net/ip${version === 6 ? '6' : ''}_tables_names`
  const names = await readFile(file, 'utf8').catch(() => '') // no legacy iptables in this kernel, or none in use
  return names.split('\n').includes('filter')
}

async function savedFilter(
  version: IpVersion,
  variant: IptablesVariant,
): Promise<readonly FilterTable[]> {
  const program = iptablesProgram(version, variant, 'save')
  try {
    const { code, stdout } = await runProgram(program, ['-t', 'filter'])
    return code === 0 ? [readIptablesFilter(`${program.slice(0, -5)} filter`, stdout)] : []
  } catch (error) {
    if (hasCode(error, 'PROGRAM_FAILED')) return [] // not installed: nobody made rules with it
    throw error
  }
}
