import type { BindingProblem } from '#binding/binding.js'
import { setupSettingNamed } from './setup-setting-fields.js'
import type { SetupSettings } from './setup-settings.js'

/** Tags with a value: the setting that they mean. */
const valued: ReadonlyMap<string, string> = new Map([
  ['ipv4', 'ipv4'],
  ['ipv6', 'ipv6'],
  ['own-prefix', 'own_prefix'],
  ['guest-servers', 'guest_servers'],
  ['ethertype', 'ethertypes'],
  ['proxy-on', 'proxy_on'],
  ['stance', 'stance'],
])

/** Synnefo's tag of networks that share a bridge, and what its documents call it. */
const macFiltered = ['private-filtered', 'mac-filtered', 'okeanid:mac-filtered']

/** What tags of a network, or of an instance, say of how its NICs are set up. */
export interface SetupTags {
  readonly settings: SetupSettings
  readonly problems: readonly BindingProblem[]
}

/**
 * Reads the tags that mean settings of `[nic]` (docs/nic-setup.md). Tags of other programs are left alone; a bad one is a
 * problem and changes nothing.
 */
export function readSetupTags(tags: readonly string[]): SetupTags {
  const problems: BindingProblem[] = []
  const types = tags.flatMap((tag) => /^okeanid:ethertype:(.*)$/.exec(tag)?.[1] ?? [])
  let settings: SetupSettings = tags.some((tag) => macFiltered.includes(tag))
    ? { macFilter: true }
    : {}
  for (const tag of tags) {
    const [, name = '', value = ''] = /^okeanid:([a-z0-9-]*):(.*)$/.exec(tag) ?? []
    const setting = valued.get(name)
    if (setting === undefined) continue
    const parsed = setupSettingNamed(setting)?.parse(settingText(name, value))
    if (parsed?.ok === true && value !== '') settings = { ...settings, ...parsed.value }
    else
      problems.push({ key: tag, message: parsed?.ok === false ? parsed.problem : 'has no value' })
  }
  const all = types.length > 1 ? setupSettingNamed('ethertypes')?.parse(types.join(',')) : undefined
  return { settings: all?.ok === true ? { ...settings, ...all.value } : settings, problems }
}

/**
 * Only the stance: all that an instance's own tags say of its set-up; profiles and extra addresses are read elsewhere. Of several the
 * strictest counts: tags have no order.
 */
export function stanceOfTags(tags: readonly string[]): SetupSettings['stance'] {
  const own = tags.filter((tag) => tag.startsWith('okeanid:stance:'))
  const said = own.map((tag) => readSetupTags([tag]).settings.stance)
  return (['enforce', 'observe', 'disabled'] as const).find((stance) => said.includes(stance))
}

/** A tag's value as the configuration would have it: tags know no spaces, and put colons in their place. */
function settingText(name: string, value: string): string {
  return name === 'own-prefix'
    ? value.replace(/^(.+\/\d+):(\d+)(?::(ip|mac))?$/, (_, pool, length, by = '') =>
        `${pool} ${length} ${by}`.trim(),
      )
    : value
}
