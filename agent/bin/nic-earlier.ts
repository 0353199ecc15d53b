import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseIfName } from '#addr/if-name.js'
import { applySteps } from '#kernel/apply-steps.js'
import { readLeftFacts, readTap } from '#kernel/host-nic-facts.js'
import { readRecord } from '#kernel/nic-files.js'
import { lockBridge } from '#lock/nic-locks.js'
import { downScriptOf } from '#nic/left.js'
import type { Nic } from '#nic/nic.js'
import { planDown } from '#nic/plan.js'
import { environmentOf, type NicRecord, parseNicRecord } from '#nic/record.js'
import { tryLock } from './nic-addon.js'
import type { NicPlaces } from './nic-places.js'

/** The record of whoever had a tap of this name last; undefined when there is none that can be read. */
export function recordOf(
  { tap }: Pick<Nic, 'tap'>,
  { recordsDirectory }: NicPlaces,
): NicRecord | undefined {
  try {
    const text = readRecord(recordsDirectory, tap)
    const record = text === undefined ? undefined : parseNicRecord(text)
    return record?.ok === true ? record.value : undefined
  } catch {
    return undefined
  }
}

/**
 * Takes away what an earlier tap of this name has left: up to Ganeti 3.1 nobody tells us when a tap goes, and its name is used again at
 * once. A former guest's proxy entry would answer for its address for ever.
 *
 * @returns warnings
 */
export async function clearEarlier(nic: Nic, places: NicPlaces): Promise<readonly string[]> {
  const record = recordOf(nic, places)
  const ifindex = readTap(nic.tap)?.ifindex
  if (record === undefined || (record.ifindex === ifindex && record.nic.uuid === nic.uuid))
    return []
  const left = unused(record, { places, keepsBridge: nic.link })
  const { runtimeDirectory } = places
  const name = left.privateBridge?.bridge
  const lock =
    name === undefined
      ? undefined
      : await lockBridge({ runtimeDirectory, name, waitMs: 1000, tryLock: tryLock() })
  try {
    const { bridge } = await readLeftFacts(left)
    // the rules are about to be replaced. The record goes now: should ours not be written, it would say that this is an old tap
    const steps = planDown(left, { isTapThere: false, privateBridge: bridge }).filter(
      ({ kind }) => kind !== 'rules',
    )
    const applied = await applySteps(steps, {
      tap: nic.tap,
      nicsDirectory: places.nicsDirectory,
      recordsDirectory: places.recordsDirectory,
      environment: environmentOf(record.nic),
    })
    return applied.ok ? applied.value.warnings : []
  } finally {
    if (lock?.ok === true) lock.value.close()
  }
}

/**
 * Of what a NIC has left, what nobody uses: its guest may run on another tap meanwhile, which answers for the same addresses; and a
 * private bridge that is wanted next stays. An administrator need not have a script for the end.
 */
export function unused(
  { left, nic }: Pick<NicRecord, 'left' | 'nic'>,
  { places, keepsBridge }: { readonly places: NicPlaces; readonly keepsBridge: string | undefined },
): NicRecord['left'] {
  const used = usedProxies(left.proxies, { but: nic.tap, places })
  const { privateBridge, script } = left
  const hasDownScript = script !== undefined && existsSync(downScriptOf(script))
  return {
    ...left,
    script: hasDownScript ? script : undefined,
    proxies: left.proxies.filter((proxy) => !used.has(proxyKey(proxy))),
    privateBridge: privateBridge?.bridge === keepsBridge ? undefined : privateBridge,
  }
}

/**
 * Of proxies, those that NICs of other taps that are there have too. A start waits for it, so of hundreds of records only those are
 * parsed that name a wanted address.
 */
function usedProxies(
  wanted: NicRecord['left']['proxies'],
  { but, places }: { readonly but: string; readonly places: NicPlaces },
): ReadonlySet<string> {
  const used = new Set<string>()
  if (wanted.length === 0) return used
  for (const name of listRecords(places)) {
    const tap = parseIfName(name.replace(/\.json$/, ''))
    if (tap === undefined || tap === but || !name.endsWith('.json')) continue
    const text = readText(path.join(places.recordsDirectory, name))
    if (!wanted.some(({ address }) => text.includes(`"${address}"`))) continue
    const record = parseNicRecord(text)
    if (!record.ok || readTap(tap)?.ifindex !== record.value.ifindex) continue
    for (const proxy of record.value.left.proxies) used.add(proxyKey(proxy))
  }
  return used
}

function listRecords({ recordsDirectory }: NicPlaces): readonly string[] {
  try {
    return readdirSync(recordsDirectory)
  } catch {
    return []
  }
}

/** Nothing for a record that is gone meanwhile. */
function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function proxyKey({ address, device }: NicRecord['left']['proxies'][number]): string {
  return `${address} ${device}`
}
