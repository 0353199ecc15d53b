import { ok, type Result } from '#result.js'
import type { Parse } from './setting-text.js'
import type { CompleteSettings, NicSettings } from './settings.js'

/** Where a setting's default stands in the configuration; `network`: only networks and bindings say it. */
export type SettingSection = 'queueing' | 'dhcp' | 'ra' | 'dhcpv6' | 'network'

/** One setting: in the configuration's sections, in `[network NAME]`, and in a binding's `settings`. */
export interface SettingField<Settings = NicSettings, Section = SettingSection> {
  readonly section: Section
  /** The same everywhere, but for `dhcpv6`, which is called `mode` in its section. */
  readonly name: string
  readonly defaultText: string
  readonly doc: string
  readonly parse: Parse<Settings>
}

/** Longest lease or lifetime that is finite on the wire: 2^32 - 1 means for ever (RFC 2131 §3.3, RFC 4861 §4.6.2). */
export const longestSeconds = 0xffff_fffe

/** A setting with one value. */
export const field = fieldOf<CompleteSettings, SettingSection>()

/** Makes settings with one value, of one kind of settings. */
export function fieldOf<Complete, Section>() {
  return <K extends keyof Complete>(
    section: Section,
    key: K,
    name: string,
    defaultText: string,
    parse: Parse<Complete[K]>,
    doc: string,
  ): SettingField<Pick<Complete, K>, Section> => ({
    section,
    name,
    defaultText,
    doc,
    parse: (text) =>
      mapResult(parse(text), (value) => ({ [key]: value }) as unknown as Pick<Complete, K>),
  })
}

/** The result with its value changed. */
export function mapResult<T, U>(result: Result<T, string>, to: (value: T) => U): Result<U, string> {
  return result.ok ? ok(to(result.value)) : result
}
