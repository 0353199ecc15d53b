import type { HookNic } from '#ganeti/hook-nics.js'
import { formatJson, type JsonObject } from '#ganeti/json-value.js'
import { err, ok, type Result } from '#result.js'

/** What a hook told of the NICs of an instance after an operation; who sends it adds node, cluster, and the op. */
export interface NetFact {
  readonly kind: 'net'
  /** `<boot id>.<what is unique in this boot>`. */
  readonly id: string
  /** When the hook ran: Unix time, by this node's clock. */
  readonly timeMs: number
  readonly opcode: string
  /** As the operation called it; not the same after a rename. */
  readonly nameBefore: string
  readonly instance: string
  readonly tags: readonly string[]
  readonly nics: readonly HookNic[]
}

/** That hooks of this node left nothing, because there was no room. */
export interface GapFact {
  readonly kind: 'gap'
  readonly lostCount: number
}

/** What the hooks role tells the events role. */
export type HookFact = NetFact | GapFact

/** Longest file of a fact that is read: an instance may have many tags. */
export const maxHookFactBytes = 262_144

const version = 1
const texts = ['uuid', 'name', 'mac', 'ip', 'mode', 'link', 'vlan', 'network', 'subnet6'] as const

/** The text of a file that holds a fact until the events role takes it: one line of JSON in ASCII. */
export function formatHookFact(fact: HookFact): string {
  if (fact.kind === 'gap') return `${formatJson({ version, kind: 'gap', lost: fact.lostCount })}\n`
  const { kind, id, timeMs, opcode, nameBefore, instance, tags, nics } = fact
  return `${formatJson({
    ...{ version, kind, id, time_ms: Math.trunc(timeMs), opcode },
    ...{ name_before: nameBefore, instance, tags: [...tags], nics: nics.map(nicOf) },
  })}\n`
}

/** Reads what {@link formatHookFact} wrote. Never throws, whatever the text. */
export function parseHookFact(text: string): Result<HookFact, string> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return err('is not JSON')
  }
  if (!isRecord(value) || value['version'] !== version)
    return err(`is no fact of version ${version}`)
  if (value['kind'] === 'gap') {
    const { lost } = value
    return isCount(lost) ? ok({ kind: 'gap', lostCount: lost }) : err('lost: wants a number')
  }
  if (value['kind'] !== 'net') return err('has a kind that is not known')
  const { id, time_ms: timeMs, opcode, name_before: nameBefore, instance, tags, nics } = value
  if (!isText(id) || !/^[A-Za-z0-9.-]{1,100}$/.test(id)) return err('id: wants a short word')
  if (!isCount(timeMs)) return err('time_ms: wants Unix time')
  if (!isText(opcode) || !/^OP_[A-Z_]{1,60}$/.test(opcode)) return err('opcode: wants an opcode')
  if (!isName(instance) || !isName(nameBefore)) return err('instance: wants a name')
  if (!Array.isArray(tags) || !tags.every(isText)) return err('tags: wants texts')
  if (!Array.isArray(nics) || !nics.every(isRecord)) return err('nics: wants objects')
  const list = nics.map((nic, index) => readNic(nic, index))
  return ok({ kind: 'net', id, timeMs, opcode, nameBefore, instance, tags, nics: list })
}

function nicOf(nic: HookNic): JsonObject {
  return Object.fromEntries(
    texts.flatMap((key) => (nic[key] === undefined ? [] : [[key, nic[key]]])),
  )
}

function readNic(value: Readonly<Record<string, unknown>>, index: number): HookNic {
  const text = (key: (typeof texts)[number]): string | undefined => {
    const found = value[key]
    return isText(found) && found !== '' ? found : undefined
  }
  return {
    index,
    uuid: text('uuid'),
    name: text('name'),
    mac: text('mac'),
    ip: text('ip'),
    mode: text('mode'),
    link: text('link'),
    vlan: text('vlan'),
    network: text('network'),
    subnet6: text('subnet6'),
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isName(value: unknown): value is string {
  return isText(value) && value !== '' && value.length <= 253
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
