/** Rules of others that lead to packet queues. */
export type ForeignRules = ReadonlyMap<number, readonly string[]>

/** Finds them in the output of iptables-save or ip6tables-save. Chains of ours are named OKEANID-… */
export function foreignIptablesRules(text: string): readonly (readonly [number, string])[] {
  return text.split('\n').flatMap((line) => {
    const queue = /-j NFQUEUE .*--queue-num (\d+)/.exec(line)?.[1]
    const isOurs = line.startsWith('-A OKEANID-')
    return queue === undefined || isOurs ? [] : [[Number(queue), line] as const]
  })
}

/** Finds them in `nft -j list ruleset`, those in the table okeanid left out. Ranges count with their first number. */
export function foreignNftRules(ruleset: unknown): readonly (readonly [number, string])[] {
  return list(record(ruleset)['nftables']).flatMap((item) => {
    const { family, table, chain, expr } = record(record(item)['rule'])
    if (table === 'okeanid') return []
    return list(expr).flatMap((expression) => {
      const { num } = record(record(expression)['queue'])
      const first = typeof num === 'number' ? num : list(record(num)['range'])[0]
      const where = `nft ${family} ${table}, chain ${chain}`
      return typeof first === 'number' ? [[first, where] as const] : []
    })
  })
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
