import {
  attribute,
  bytesOfText,
  joinBytes,
  netlinkFlags,
  netlinkMessage,
  netlinkMessages,
  withoutAttributes,
} from './netlink.js'

/**
 * Messages of nf_tables (linux/netfilter/nf_tables.h): what the kernel tells of rules, and how it is told the same again.
 *
 *     netlink header | family (1) | version 0 (1) | number of the batch (2) | attributes …
 */

/** NFPROTO_ (linux/netfilter.h) of a table, its name, and that of a chain in it. */
export interface ChainPlace {
  readonly family: number
  readonly table: string
  readonly chain: string
}

/** An entry of a verdict map that is keyed by interface: what leads to a chain. */
export interface JumpPlace extends ChainPlace {
  readonly map: string
  readonly interfaceName: string
}

/** Asks for one chain itself. */
export function chainQuestion({ family, table, chain }: ChainPlace): Uint8Array {
  return message({ type: types.getChain, family, parts: names(table, 3, chain) })
}

/** Asks for the rules of one chain. */
export function rulesQuestion({ family, table, chain }: ChainPlace): Uint8Array {
  return message({
    type: types.getRule,
    family,
    flags: netlinkFlags.dump,
    parts: names(table, 2, chain),
  })
}

/**
 * The answers to these questions as requests that make the same anew: a chain that must not be there yet, and rules after those that are.
 * What the kernel numbers itself is left out, and counters go on from where they were.
 */
export function madeAnew(answer: Uint8Array): Uint8Array {
  return joinBytes(
    netlinkMessages(answer).map(({ type, body }) => {
      const isRule = type === types.newRule
      return message({
        type,
        family: body[0] ?? 0,
        flags: netlinkFlags.create | (isRule ? netlinkFlags.append : netlinkFlags.exclusive),
        parts: [withoutAttributes(body, headBytes, isRule ? ofRule : ofChain)],
      })
    }),
  )
}

/** Makes the entry of a verdict map that leads to a chain. */
export function jumpRequest({ family, table, chain, map, interfaceName }: JumpPlace): Uint8Array {
  const key = new Uint8Array(interfaceNameBytes)
  key.set(bytesOfText(interfaceName))
  const verdict = [attribute(1, jump), attribute(2, bytesOfText(chain))]
  const element = [nested(1, [attribute(1, key)]), nested(2, [nested(2, verdict)])]
  return message({
    type: types.newElement,
    family,
    flags: netlinkFlags.create,
    parts: [...names(table, 2, map), nested(3, [nested(1, element)])],
  })
}

/**
 * One transaction: all of these requests or none. Its one answer is an acknowledgement, of a last request that makes a table which is
 * there, or what was refused.
 */
export function transaction(
  requests: readonly Uint8Array[],
  { family, table }: Omit<ChainPlace, 'chain'>,
): Uint8Array {
  const last = message({
    type: types.newTable,
    family,
    flags: netlinkFlags.create | netlinkFlags.acknowledge,
    parts: [attribute(1, bytesOfText(table))],
  })
  return joinBytes([edge(types.begin), ...requests, last, edge(types.end)])
}

const subsystem = 10
const headBytes = 4
/** IFNAMSIZ, by which nft compares names. */
const interfaceNameBytes = 16
/** NFT_JUMP, -3, in network order like all numbers here. */
const jump = Uint8Array.of(0xff, 0xff, 0xff, 0xfd)
const nestedFlag = 0x8000

const types = {
  ...{ begin: 0x10, end: 0x11, newTable: 0xa00 },
  ...{ newChain: 0xa03, getChain: 0xa04, newRule: 0xa06, getRule: 0xa07, newElement: 0xa0c },
} as const

/** Handle, use, counters, padding, flags (base chains are known by their hook), number in a transaction. */
const ofChain: ReadonlySet<number> = new Set([2, 6, 8, 9, 10, 11])
/** Handle, handle of the one before, padding, number in a transaction. */
const ofRule: ReadonlySet<number> = new Set([3, 6, 8, 9])

function message({
  type,
  family,
  flags = 0,
  parts,
}: {
  readonly type: number
  readonly family: number
  readonly flags?: number
  readonly parts: readonly Uint8Array[]
}): Uint8Array {
  const head = Uint8Array.of(family, 0, 0, 0)
  return netlinkMessage({ type, flags: netlinkFlags.request | flags, parts: [head, ...parts] })
}

/** The table, and what in it: a chain of a rule and a set of elements have number 2, a chain itself has 3. */
function names(table: string, type: 2 | 3, name: string): readonly Uint8Array[] {
  return [attribute(1, bytesOfText(table)), attribute(type, bytesOfText(name))]
}

function nested(type: number, parts: readonly Uint8Array[]): Uint8Array {
  return attribute(type | nestedFlag, joinBytes(parts))
}

/** Begin or end of a batch for nf_tables, whose number stands where others have zero. */
function edge(type: number): Uint8Array {
  return netlinkMessage({
    type,
    flags: netlinkFlags.request,
    parts: [Uint8Array.of(0, 0, 0, subsystem)],
  })
}
