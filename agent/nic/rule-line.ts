import type { IfName } from '#addr/if-name.js'
import { rulePreference } from './tap.js'

/** A line for `ip -batch` about the rule of a tap, without its table: enough to delete it. IPv6 wants the option, which begins the line. */
export function ruleLine(
  verb: 'add' | 'del',
  {
    tap,
    family,
    preference = 'ours',
  }: {
    readonly tap: IfName
    readonly family: 4 | 6
    /** `any`: whoever made it. */
    readonly preference?: 'ours' | 'any'
  },
): string {
  const which = preference === 'ours' ? ` pref ${rulePreference}` : ''
  return `${family === 6 ? '-6 ' : ''}rule ${verb} iif ${tap}${which}`
}
