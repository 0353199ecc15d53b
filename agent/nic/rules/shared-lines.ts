import type { IfName } from '#addr/if-name.js'
import { chainNames, shared } from './names.js'

/**
 * What of a script of {@link nicRules} is for all taps or only for nft's sets: no chain of the tap's own, no rule in one, nothing that
 * leads to one. With these lines in place the rest can be put back as the kernel told it.
 */
export function sharedLines(tap: IfName, script: string): readonly string[] {
  const own: ReadonlySet<string> = new Set(Object.values(chainNames(tap)))
  return script.split('\n').filter((line) => {
    const [, what = '', , , name = ''] = line.split(' ', 5)
    if (what === 'element') return name !== shared.toGuest && name !== shared.fromGuest
    return (what !== 'chain' && what !== 'rule') || !own.has(name)
  })
}
