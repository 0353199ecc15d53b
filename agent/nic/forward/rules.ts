import type { FilterRule, FilterTable, FilterVerdict, NamePattern } from './fate.js'

/** Reads the filter table of `iptables-save` (or ip6tables-save), whose FORWARD chain decides. */
export function readIptablesFilter(name: string, text: string): FilterTable {
  const chains = new Map<string, FilterRule[]>()
  let policy: 'accept' | 'drop' = 'accept'
  let table = ''
  for (const line of text.split('\n')) {
    table = /^\*(\S+)/.exec(line)?.[1] ?? table
    if (table !== 'filter') continue
    if (line.startsWith(':FORWARD ')) policy = line.startsWith(':FORWARD DROP') ? 'drop' : 'accept'
    const [, chain, rule] = /^-A (\S+) ?(.*)$/.exec(line) ?? []
    if (chain === undefined || rule === undefined) continue
    const rules = chains.get(chain)
    if (rules === undefined) chains.set(chain, [iptablesRule(rule)])
    else rules.push(iptablesRule(rule))
  }
  return { name, chains, entrances: [{ chain: 'FORWARD', policy }] }
}

/**
 * Reads `nft -j list ruleset`: the tables of one protocol, entered at the hook `forward`. The chain that iptables-nft made is
 * left to {@link readIptablesFilter}, for nft shows their extensions as names only.
 */
export function readNftForward(ruleset: unknown, version: 4 | 6): readonly FilterTable[] {
  const families = version === 4 ? ['ip', 'inet'] : ['ip6', 'inet']
  const tables = new Map<string, Mutable>()
  for (const item of list(record(ruleset)['nftables'])) {
    const { chain, rule } = record(item)
    const owner = record(chain ?? rule)
    const family = String(owner['family'])
    const name = String(owner['table'])
    if (!families.includes(family)) continue
    const key = `nft ${family} ${name}`
    const table = tables.get(key) ?? { chains: new Map(), entrances: [] }
    tables.set(key, table)
    if (chain !== undefined) addChain(table, record(chain))
    else addRule(table, record(rule))
  }
  return [...tables].map(([name, table]) => ({ name, ...table }))
}

interface Mutable {
  readonly chains: Map<string, FilterRule[]>
  readonly entrances: { chain: string; policy: 'accept' | 'drop' }[]
}

/** The chain of iptables-nft in nft's listing. */
function isOfIptables(family: string, table: string, chain: string): boolean {
  return family !== 'inet' && table === 'filter' && chain === 'FORWARD'
}

function addChain(
  table: Mutable,
  { family, table: owner, name, hook, policy }: Readonly<Record<string, unknown>>,
): void {
  if (!table.chains.has(String(name))) table.chains.set(String(name), [])
  if (hook !== 'forward' || isOfIptables(String(family), String(owner), String(name))) return
  table.entrances.push({ chain: String(name), policy: policy === 'drop' ? 'drop' : 'accept' })
}

function addRule(table: Mutable, { chain, expr }: Readonly<Record<string, unknown>>): void {
  const rules = table.chains.get(String(chain)) ?? []
  table.chains.set(String(chain), rules)
  rules.push(nftRule(list(expr)))
}

function nftRule(expressions: readonly unknown[]): FilterRule {
  let rule: FilterRule = {
    input: undefined,
    output: undefined,
    isPartial: false,
    verdict: { kind: 'none' },
  }
  for (const expression of expressions.map(record)) {
    const kind = Object.keys(expression)[0] ?? ''
    if (kind === 'counter' || kind === 'log') continue
    const names = kind === 'match' ? nameMatch(record(expression['match'])) : undefined
    const verdict = nftVerdict(kind, expression[kind])
    if (names !== undefined) rule = { ...rule, [names.side]: names.pattern }
    else if (verdict !== undefined) rule = { ...rule, verdict }
    else rule = { ...rule, isPartial: true }
  }
  return rule
}

function nameMatch({
  op,
  left,
  right,
}: Readonly<Record<string, unknown>>):
  | { readonly side: 'input' | 'output'; readonly pattern: NamePattern }
  | undefined {
  const key = record(record(left)['meta'])['key']
  const names = typeof right === 'string' ? [right] : list(record(right)['set'])
  const isPlain =
    names.length > 0 && names.every((name) => typeof name === 'string' && !name.startsWith('@'))
  if (!isPlain || (key !== 'iifname' && key !== 'oifname')) return undefined
  return {
    side: key === 'iifname' ? 'input' : 'output',
    pattern: { names: names.map(String), isNegated: op === '!=' },
  }
}

function nftVerdict(kind: string, value: unknown): FilterVerdict | undefined {
  switch (kind) {
    case 'accept':
    case 'drop':
    case 'return':
      return { kind }
    case 'reject':
      return { kind: 'drop' }
    case 'jump':
    case 'goto':
      return { kind, chain: String(record(value)['target']) }
    default:
      return undefined
  }
}

/** One line of iptables-save behind `-A CHAIN`. A word of which nothing is known makes the rule partial. */
function iptablesRule(text: string): FilterRule {
  const words = text.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? []
  let rule: FilterRule = {
    input: undefined,
    output: undefined,
    isPartial: false,
    verdict: { kind: 'none' },
  }
  for (let at = 0, isNegated = false; at < words.length; at++) {
    const [word = '', value = ''] = words.slice(at, at + 2)
    const wasNegated = isNegated
    isNegated = word === '!'
    if (word === '!') continue
    if (word === '-i' || word === '-o') {
      const pattern = { names: [value], isNegated: wasNegated }
      rule = { ...rule, [word === '-i' ? 'input' : 'output']: pattern }
      at++
    } else if (word === '-j' || word === '-g') {
      return { ...rule, verdict: iptablesVerdict(word, value) }
    } else if (word === '-m' && (value === 'comment' || value === 'physdev')) at++
    else if (word === '--comment') at++
    else if (word === '--physdev-is-bridged' && !wasNegated)
      continue // a bridged frame is just what is asked about
    else rule = { ...rule, isPartial: true }
  }
  return rule
}

const ends: Readonly<Record<string, FilterVerdict>> = {
  ACCEPT: { kind: 'accept' },
  DROP: { kind: 'drop' },
  REJECT: { kind: 'drop' },
  RETURN: { kind: 'return' },
}

/** Targets that are not chains (LOG, MARK, NFQUEUE …) look like chains without rules, and let the packet go on as those do. */
function iptablesVerdict(word: '-j' | '-g', target: string): FilterVerdict {
  return ends[target] ?? { kind: word === '-j' ? 'jump' : 'goto', chain: target }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
