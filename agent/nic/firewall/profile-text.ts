import type { Service } from '#nic/desired.js'
import { err, ok, type Result } from '#result.js'
import { builtinProfiles, type Profile, type Profiles, strictestProfile } from './profiles.js'
import { parseServices } from './service-text.js'

/** A key of a section `[firewall NAME]`. */
export interface ProfileKey {
  readonly name: 'inbound' | 'icmp'
  readonly defaultText: string
  readonly doc: string
  /** What is wrong with a text, or undefined. */
  readonly fault: (text: string) => string | undefined
}

/** The keys of a section `[firewall NAME]`. */
export const profileKeys: readonly ProfileKey[] = [
  {
    name: 'inbound',
    defaultText: 'none',
    doc: 'What may reach the guest unasked: services like tcp/22, udp/5000-5010, tcp/443 from 192.0.2.0/24, 47 (a protocol by number), separated by commas; none; or all, for no firewall at all.',
    fault: (text) => problemOf(parseInbound(text)),
  },
  {
    name: 'icmp',
    defaultText: 'essential',
    doc: 'essential: errors, echo requests, neighbour discovery and what multicast needs; all: every ICMP.',
    fault: (text) =>
      text === 'essential' || text === 'all' ? undefined : 'wants essential or all',
  },
]

/** Texts of one section by key. */
export type ProfileTexts = Readonly<Record<string, string>>

/**
 * The profiles of a node: the built-in ones, and one for each section `[firewall NAME]`, by name; a section with the name of a
 * built-in one takes its place. One that cannot be read lets nothing in.
 * @param note is told each fault: `[firewall NAME] key: what is wrong`
 */
export function readProfiles(
  sections: ReadonlyMap<string, ProfileTexts>,
  note: (problem: string) => void,
): Profiles['named'] {
  const named = new Map(builtinProfiles.named.map((profile) => [profile.name, profile]))
  for (const [name, texts] of sections) {
    const profile = readProfile(name, texts)
    if (!profile.ok) note(profile.problem)
    named.set(name, profile.ok ? profile.value : { ...strictestProfile, name })
  }
  return [...named.values()]
}

/** What is wrong with the name of a profile, or undefined. Names stand in tags, where a colon ends them. */
export function profileNameFault(name: string): string | undefined {
  return /^[A-Za-z0-9_.@+-]{1,40}$/.test(name)
    ? undefined
    : 'a profile’s name has letters, digits and _ . @ + -, at most 40'
}

function readProfile(name: string, texts: ProfileTexts): Result<Profile, string> {
  const at = `[firewall ${name}]`
  const fault = profileNameFault(name)
  if (fault !== undefined) return err(`${at}: ${fault}`)
  for (const [key, text] of Object.entries(texts)) {
    const known = profileKeys.find((candidate) => candidate.name === key)
    if (known === undefined) return err(`${at} ${key}: there is no such key in this section`)
    const problem = known.fault(text)
    if (problem !== undefined) return err(`${at} ${key}: ${problem}`)
  }
  const services = parseInbound(texts['inbound'] ?? 'none')
  if (!services.ok) return err(`${at} inbound: ${services.problem}`)
  if (services.value === 'all') return ok({ name, inbound: { kind: 'all' } })
  const icmp = texts['icmp'] === 'all' ? 'all' : 'essential'
  return ok({ name, inbound: { kind: 'listed', icmp, services: services.value } })
}

function parseInbound(text: string): Result<'all' | readonly Service[], string> {
  return text.trim() === 'all' ? ok('all') : parseServices(text)
}

function problemOf(result: Result<unknown, string>): string | undefined {
  return result.ok ? undefined : result.problem
}
