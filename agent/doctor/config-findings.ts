import { broken, type Finding, note } from './finding.js'

/** A file of the configuration, or one that it names. */
export interface FileFact {
  readonly path: string
  /** Permission bits; undefined when the file is not there. */
  readonly mode: number | undefined
  readonly gid: number
  /** It holds a password, or is one. */
  readonly isSecret: boolean
}

/** A certificate that the configuration names. */
export interface CertificateFact {
  readonly key: string
  readonly path: string
  /** Until it expires, negative when it has; undefined when the file holds no certificate. */
  readonly validDays: number | undefined
}

/** The configuration as it lies on disk. */
export interface ConfigFacts {
  /** `file: [section] key: what is wrong`, each. */
  readonly faults: readonly string[]
  /** Section -> its keys, for what may have been meant. */
  readonly known: ReadonlyMap<string, readonly string[]>
  readonly files: readonly FileFact[]
  readonly named: readonly (FileFact & { readonly key: string })[]
  readonly certificates: readonly CertificateFact[]
  /** Group that the roles' users read the configuration as; undefined where there is none. */
  readonly group: number | undefined
  /** Hosts to which a password goes unencrypted over a network. */
  readonly plainHosts: readonly string[]
}

/** What is wrong with the configuration: typing errors with what may have been meant, and who may read what. */
export function configFindings(facts: ConfigFacts): readonly Finding[] {
  const { faults, files, named, certificates, group, plainHosts } = facts
  return [
    ...faults.map((fault) => faultFinding(fault, facts.known)),
    ...named.flatMap(({ key, path, mode }) =>
      mode === undefined
        ? [
            broken(
              'config',
              `[broker] ${key} names ${path}, which is not there`,
              'put the file there, root:okeanid 0640, or correct the path',
            ),
          ]
        : [],
    ),
    ...files.flatMap((file) => accessFindings(file, group)),
    ...named.flatMap((file) => accessFindings(file, undefined)), // by the events role alone, which may read every file
    ...certificates.flatMap(certificateFindings),
    ...plainHosts.map((host) =>
      note(
        'config',
        `the broker’s password goes unencrypted to ${host}`,
        'amqps:// in [broker] url, with ca_file; or a network of its own for it',
      ),
    ),
  ]
}

function faultFinding(fault: string, known: ConfigFacts['known']): Finding {
  const [, section = '', key = '', what = ''] =
    /: \[([^\]]*)\] (\S+): (there is no such (?:key|section).*)$/.exec(fault) ?? []
  const isSection = /no such section/.test(what)
  const meant = isSection
    ? nearest(section, [...known.keys()])
    : nearest(key, known.get(section) ?? [])
  const shown = isSection ? `[${meant}]` : `${meant}`
  return broken(
    'config',
    `no role starts with this: ${fault}`,
    meant === undefined
      ? 'correct it; okeanid config check says when it is good, okeanid.ini(5) has all keys'
      : `perhaps ${shown} was meant; okeanid config check says when it is good`,
  )
}

/** The word that is at most two typing errors away, if there is one. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const [best] = candidates
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .filter(({ distance }) => distance <= 2)
    .sort((a, b) => a.distance - b.distance)
  return best?.candidate
}

/** Levenshtein's, two rows at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries()) {
      const swap = (row[j] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(swap, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}

function accessFindings(
  { path, mode, gid, isSecret }: FileFact,
  group: number | undefined,
): readonly Finding[] {
  if (mode === undefined) return []
  const isOpen = (mode & 0o004) !== 0
  const isClosed = !isOpen && group !== undefined && (gid !== group || (mode & 0o040) === 0)
  return [
    ...(isSecret && isOpen
      ? [
          broken(
            'config',
            `everybody on this host may read the password in ${path}`,
            `chgrp okeanid ${path}; chmod 640 ${path}`,
          ),
        ]
      : []),
    ...((mode & 0o022) !== 0
      ? [
          broken(
            'config',
            `others than root may write ${path}, and what roles do goes by it`,
            `chmod go-w ${path}`,
          ),
        ]
      : []),
    ...(isClosed
      ? [
          broken(
            'config',
            `the roles’ users cannot read ${path}, as after gnt-cluster copyfile: the responder will not start again`,
            `chgrp okeanid ${path}; chmod g+r ${path}`,
          ),
        ]
      : []),
  ]
}

/** Renewals take days where somebody has to sign. */
const soonDays = 14

function certificateFindings({ key, path, validDays }: CertificateFact): readonly Finding[] {
  if (validDays === undefined)
    return [
      broken(
        'config',
        `[broker] ${key}: ${path} holds no certificate`,
        'it wants PEM: -----BEGIN CERTIFICATE-----',
      ),
    ]
  const days = Math.floor(Math.abs(validDays))
  if (validDays < 0)
    return [
      broken(
        'config',
        `[broker] ${key}: the certificate in ${path} has expired, ${days} days ago`,
        'renew it; it is read again at the next attempt to connect',
      ),
    ]
  return validDays > soonDays
    ? []
    : [
        note(
          'config',
          `[broker] ${key}: the certificate in ${path} expires in ${days} days`,
          'renew it; it is read again at the next attempt to connect',
        ),
      ]
}
