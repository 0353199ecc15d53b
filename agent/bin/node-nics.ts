import { lstatSync, readdirSync, readFileSync, unlinkSync } from 'node:fs'
import path from 'node:path'
import { type IfName, parseIfName } from '#addr/if-name.js'
import { systemCode } from '#errors.js'
import { readGeneration, readTapRules } from '#kernel/rule-dump.js'
import { type NicRecord, parseNicRecord } from '#nic/record.js'
import type { InstanceFacts } from '#nic/repair/match-nics.js'
import { parseStances, type Stances } from '#nic/repair/stances.js'
import type { RulesByTap } from '#nic/repair/tap-rules.js'
import type { NodeConfig } from '#service/node-config.js'
import { signatureOfFile } from '#watch/binding-file.js'
import { createInstanceReader } from '#watch/running-instances.js'
import { readTagsFile, type TagsFile } from '#watch/tags-file.js'
import { type NicPlaces, nicPlaces } from './nic-places.js'
import { pathsOf } from './paths.js'

/** Where repair finds things, beside the places of `nic up`. */
export interface RepairPlaces extends NicPlaces {
  readonly ganetiRoot: string
  /** The newest tags of instances, one file each; from the events role, so of doubtful origin. */
  readonly tagsSpool: string
}

/** The places that a configuration means. */
export function repairPlaces(config: NodeConfig): RepairPlaces {
  const { agent, ganeti } = config
  const paths = pathsOf(config)
  return {
    ...nicPlaces({
      stateDirectory: agent.state_directory,
      runtimeDirectory: agent.runtime_directory,
    }),
    nicsDirectory: paths.nicsDirectory,
    ganetiRoot: ganeti.root,
    tagsSpool: paths.tagsSpool,
  }
}

/** A running instance. */
export interface NodeInstance extends InstanceFacts {
  /** It came, or comes, from another node. */
  readonly isIncoming: boolean
}

/** Reads what a node has of NICs; what was read of a file or a ruleset is kept for as long as it is the same. */
export interface NodeReader {
  instances(): readonly NodeInstance[]
  /** Tags of an instance as they are now: a hook has just told. */
  learnTags(instance: string, tags: TagsFile): void
  records(): ReadonlyMap<IfName, NicRecord>
  rules(): RulesByTap
  stances(): Stances
  /** The text of the responder's file of a NIC. */
  binding(tap: IfName): string | undefined
}

/** A reader of this node. */
export function createNodeReader({
  ganetiRoot,
  recordsDirectory,
  nicsDirectory,
  stancesFile,
  tagsSpool,
}: RepairPlaces): NodeReader {
  const readInstances = createInstanceReader(ganetiRoot)
  const learnt = new Map<string, TagsFile>()
  let records = new Map<IfName, { readonly signature: string; readonly record: NicRecord }>()
  let ruleset: { readonly generation: number; readonly rules: RulesByTap } | undefined
  return {
    instances() {
      const running = readInstances().map(({ name, nics, taps, isIncoming }) => {
        const [told, kept] = [learnt.get(name), readTagsFile(tagsSpool, name)]
        const isToldLater = (told?.timeSeconds ?? 0) > (kept?.timeSeconds ?? 0)
        return { name, nics, taps, isIncoming, tags: isToldLater ? told : kept }
      })
      const names = new Set(running.map(({ name }) => name))
      for (const name of learnt.keys()) if (!names.has(name)) learnt.delete(name)
      return running
    },
    learnTags: (instance, tags) => void learnt.set(instance, tags), // a map's answer is of no use here
    records() {
      const found = listTaps(recordsDirectory).flatMap((tap) => {
        const file = path.join(recordsDirectory, `${tap}.json`)
        const signature = signatureOfFile(file)
        const known = records.get(tap)
        if (known !== undefined && known.signature === signature) return [[tap, known] as const]
        const parsed = parseNicRecord(readText(file) ?? '')
        return signature !== undefined && parsed.ok
          ? [[tap, { signature, record: parsed.value }] as const]
          : []
      })
      records = new Map(found)
      return new Map(found.map(([tap, { record }]) => [tap, record]))
    },
    rules() {
      const generation = readGeneration()
      if (ruleset?.generation !== generation) ruleset = { generation, rules: readTapRules() }
      return ruleset.rules
    },
    stances: () => parseStances(readText(stancesFile) ?? ''),
    binding: (tap) => readText(path.join(nicsDirectory, `${tap}.json`)),
  }
}

function listTaps(directory: string): readonly IfName[] {
  try {
    return readdirSync(directory).flatMap((name) => {
      const tap = name.endsWith('.json') ? parseIfName(name.slice(0, -'.json'.length)) : undefined
      return tap === undefined || tap.startsWith('.') ? [] : [tap]
    })
  } catch {
    return [] // nothing was set up yet
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** Tags of an instance that has not run here for so long are of no use: they come anew with it. */
const oldTagsMs = 3_600_000

/** Removes the files of instances that went long ago. */
export function removeOldTags(tagsSpool: string, running: ReadonlySet<string>): void {
  try {
    for (const name of readdirSync(tagsSpool)) {
      const file = path.join(tagsSpool, name)
      if (!name.endsWith('.json') || running.has(name.slice(0, -'.json'.length))) continue
      if (Date.now() - lstatSync(file).mtimeMs > oldTagsMs) unlinkSync(file)
    }
  } catch (error) {
    if (systemCode(error) === undefined) throw error // else there are none, or another has removed one
  }
}
