import type { Stance } from '#nic/desired.js'
import { objectOf, parseJson } from '#nic/json.js'
import type { Nic } from '#nic/nic.js'

/** What an operator said about enforcing: of the node, of networks, of instances. */
export interface Stances {
  readonly node: StanceWord | undefined
  /** By name or UUID. */
  readonly networks: ReadonlyMap<string, StanceWord>
  readonly instances: ReadonlyMap<string, StanceWord>
}

/** One word of an operator's. */
export interface StanceWord {
  readonly stance: Stance
  /** When it was said: Unix time, whole seconds. */
  readonly atSeconds: number
  /** When it ends; undefined for never. */
  readonly untilSeconds: number | undefined
  /** What holds when it has ended: the word without an end that was said before. */
  readonly thereafter: StanceWord | undefined
}

/** Whom a word is about. */
export type StanceScope =
  | { readonly kind: 'node' }
  | { readonly kind: 'network' | 'instance'; readonly name: string }

/** Nobody has said anything. */
export const noStances: Stances = { node: undefined, networks: new Map(), instances: new Map() }

/** Most words of a file: what is beyond them is no operator's doing. */
const maxWords = 10_000

/**
 * What holds for a NIC by what operators said: of its instance before its network's, before the node's; words that have ended count
 * no more. A NIC that was adopted while its guest ran is observed until somebody says something after that.
 *
 * @param options.adoptedAtSeconds undefined for a NIC that was set up by us
 * @returns undefined: what is configured
 */
export function stanceOf(
  { instance, network }: Pick<Nic, 'instance' | 'network'>,
  stances: Stances,
  {
    nowSeconds,
    adoptedAtSeconds,
  }: { readonly nowSeconds: number; readonly adoptedAtSeconds?: number | undefined },
): Stance | undefined {
  const words = [
    stances.instances.get(instance),
    stances.networks.get(network?.name ?? ''),
    stances.networks.get(network?.uuid ?? ''),
    stances.node,
  ]
  const word = words.flatMap((each) => goodWord(each, nowSeconds) ?? [])[0]
  if (adoptedAtSeconds === undefined) return word?.stance
  return word !== undefined && word.atSeconds >= adoptedAtSeconds ? word.stance : 'observe'
}

/** The same with one more word; `undefined` takes back what was said. Words that have ended are left out. */
export function withWord(
  stances: Stances,
  scope: StanceScope,
  { word, nowSeconds }: { readonly word: StanceWord | undefined; readonly nowSeconds: number },
): Stances {
  const { node, networks, instances } = withoutEnded(stances, nowSeconds)
  switch (scope.kind) {
    case 'node':
      return { node: above(node, word), networks, instances }
    case 'network':
      return { node, networks: replaced(networks, scope.name, word), instances }
    case 'instance':
      return { node, networks, instances: replaced(instances, scope.name, word) }
  }
}

/** When the next word ends, Unix seconds; undefined for never. */
export function nextEndSeconds(stances: Stances, nowSeconds: number): number | undefined {
  const ends = allWords(stances).flatMap(({ untilSeconds }) =>
    untilSeconds !== undefined && untilSeconds > nowSeconds ? [untilSeconds] : [],
  )
  return ends.length === 0 ? undefined : Math.min(...ends)
}

/** The text of the file that keeps them. */
export function formatStances({ node, networks, instances }: Stances): string {
  const file = {
    version: 1,
    node,
    networks: Object.fromEntries(networks),
    instances: Object.fromEntries(instances),
  }
  return `${JSON.stringify(file, undefined, 1)}\n`
}

/** Reads what {@link formatStances} wrote; what is not understood is as if nobody had said it. Never throws. */
export function parseStances(text: string): Stances {
  const { version, node, networks, instances } = objectOf(parseJson(text))
  if (version !== 1) return noStances
  return { node: parseWord(node), networks: parseWords(networks), instances: parseWords(instances) }
}

/** The word that holds now: this one, or what was to hold thereafter. */
function goodWord(word: StanceWord | undefined, nowSeconds: number): StanceWord | undefined {
  if (word?.untilSeconds === undefined || nowSeconds < word.untilSeconds) return word
  return goodWord(word.thereafter, nowSeconds)
}

/** A word for a while stands above the last one without an end, which it does not take back. */
function above(
  before: StanceWord | undefined,
  word: StanceWord | undefined,
): StanceWord | undefined {
  if (word?.untilSeconds === undefined) return word
  return { ...word, thereafter: before?.untilSeconds === undefined ? before : before.thereafter }
}

function withoutEnded({ node, networks, instances }: Stances, nowSeconds: number): Stances {
  const good = (words: Stances['networks']): Stances['networks'] =>
    new Map(
      [...words].flatMap(([name, each]) => {
        const word = goodWord(each, nowSeconds)
        return word === undefined ? [] : [[name, word] as const]
      }),
    )
  return {
    node: goodWord(node, nowSeconds),
    networks: good(networks),
    instances: good(instances),
  }
}

function replaced(
  words: Stances['networks'],
  name: string,
  word: StanceWord | undefined,
): Stances['networks'] {
  const rest = [...words].filter(([other]) => other !== name)
  const next = above(words.get(name), word)
  return new Map(next === undefined ? rest : [...rest, [name, next]])
}

function allWords({ node, networks, instances }: Stances): readonly StanceWord[] {
  return [...(node === undefined ? [] : [node]), ...networks.values(), ...instances.values()]
}

function parseWords(value: unknown): Stances['networks'] {
  const entries = Object.entries(objectOf(value)).slice(0, maxWords)
  return new Map(
    entries.flatMap(([name, each]) => {
      const word = parseWord(each)
      return word === undefined ? [] : [[name, word] as const]
    }),
  )
}

function parseWord(value: unknown): StanceWord | undefined {
  const { stance: text, atSeconds, untilSeconds, thereafter } = objectOf(value)
  const stance = (['enforce', 'observe', 'disabled'] as const).find((word) => word === text)
  if (stance === undefined || !isTime(atSeconds)) return undefined
  const next = parseWord(thereafter)
  return {
    stance,
    atSeconds,
    untilSeconds: isTime(untilSeconds) ? untilSeconds : undefined,
    thereafter: next?.untilSeconds === undefined ? next : undefined,
  }
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
