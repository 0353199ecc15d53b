import { doors } from '../kernel/firewall-world.js'
import type { ControlRow, ModeRow } from '../lab/proofs/mode-rows.js'
import { type Mode, modes } from '../lab/proofs/modes.js'

/** What each profile lets in; `web` is tcp/80, and udp/50-60 for the world’s router and the host. */
const pings = ['icmp', 'icmp/4000']
const open: Readonly<Record<string, readonly string[]>> = {
  unprotected: doors,
  limited: ['tcp/22', 'tcp/3389', ...pings],
  protected: pings,
  web: ['tcp/80', 'udp/53', ...pings],
}

/** Modes that keep no profile. */
const refusing = ['ovsplain', 'ovsaccess', 'ext']

/** Both tables, as Markdown. */
export function tablesOf(rows: readonly ModeRow[], controls: readonly ControlRow[]): string {
  return [
    '| mode | profile | family | gets its address | reaches the world | the world reaches | another guest reaches | the host reaches | kept apart | all as it should be |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...rows.map(lineOf),
    '',
    'What shows that the tries of "kept apart" could have come through:',
    '',
    '| mode | family | in the other network its guest reaches its host | came through while the NIC was only observed |',
    '|---|---|---|---|',
    ...controls.map(controlLineOf),
  ].join('\n')
}

/** Whether everything was reached that should be, and nothing else. */
export function isRight(row: ModeRow): boolean {
  const { mode, profile } = row
  const isRefused = refusing.includes(mode) && profile !== 'unprotected'
  if (row.refusal !== undefined) {
    return isRefused && row.refusal.includes(`: firewall profile ${profile} cannot be kept `)
  }
  const inbound = open[profile] ?? []
  const forAll = profile === 'web' ? inbound.filter((door) => door !== 'udp/53') : inbound
  return (
    !isRefused &&
    isGivenRightly(row) &&
    isSame(row.fromHost, hostDoors(mode, inbound)) &&
    isSame(row.out, doors) &&
    isSame(row.fromOutside, inbound) &&
    isSame(row.fromNeighbour, forAll) &&
    row.leaks.length === 0
  )
}

/** Where a guest is not served but advertised to, chance decides whether it was meanwhile. */
function isGivenRightly({ mode, family, hasAddress }: ModeRow & { refusal: undefined }): boolean {
  const { isServed, isAdvertised = false } = modeOf(mode)
  return hasAddress === isServed || (family === 6 && isAdvertised)
}

/**
 * Whether the other network works, and whether what only rules stop came through without them. A host that routes answers a guest at
 * the hardware address that Ganeti gave it, whatever others it uses; and what the guest sends into the other network is told there by its prefix.
 */
export function isControlRight({ mode, inOther, observed }: ControlRow): boolean {
  const { strangerLink, isMacFiltered = false } = modeOf(mode)
  if (strangerLink === undefined) return inOther === undefined && observed.length === 0
  const wanted = ['disguised', ...(isMacFiltered ? ['from another network, beyond'] : [])]
  const isOpen = wanted.every((what) => observed.some((seen) => seen.startsWith(`${what} (`)))
  return isOpen && isSame(inOther ?? [], doors)
}

/** A host's own hardware address is not that of the guests' network where such addresses tell networks apart. */
function hostDoors(mode: string, inbound: readonly string[]): readonly string[] {
  const { hasHost, isMacFiltered = false } = modeOf(mode)
  return hasHost && !isMacFiltered ? inbound : []
}

function lineOf(row: ModeRow): string {
  const { mode, profile, family } = row
  const { name, hasHost, isServed, isAdvertised = false } = modeOf(mode)
  const first = [name, profile, `IPv${family}`]
  const last = isRight(row) ? 'yes' : 'NO'
  if (row.refusal !== undefined) {
    const [, why = row.refusal] = /: (firewall profile .*)$/.exec(row.refusal) ?? []
    return lineText([...first, `start refused: "${why}"`, '', '', '', '', '', last])
  }
  const { hasAddress, out, fromOutside, fromNeighbour, fromHost, leaks } = row
  const isUnasked = family === 6 && isAdvertised
  const unserved = isUnasked ? 'only unasked' : hasAddress ? 'YES' : 'no: not served'
  return lineText([
    ...first,
    isServed ? (hasAddress ? 'yes' : 'NO') : unserved,
    ...[out, fromOutside, fromNeighbour].map(names),
    hasHost ? names(fromHost) : '(no address there)',
    leaks.length === 0 ? 'yes' : `NO: ${leaks.join('; ')}`,
    last,
  ])
}

function controlLineOf(row: ControlRow): string {
  const { mode, family, inOther, observed } = row
  const seen = observed.length === 0 ? 'nothing' : observed.join('; ')
  const others = inOther === undefined ? '(no other network)' : names(inOther)
  return lineText([
    modeOf(mode).name,
    `IPv${family}`,
    others,
    `${seen}${isControlRight(row) ? '' : ' NO'}`,
  ])
}

function lineText(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

function modeOf(word: string): Mode {
  const mode = modes[word]
  if (mode === undefined) throw new Error(`no mode ${word}`)
  return mode
}

function names(reached: readonly string[]): string {
  if (isSame(reached, doors)) return 'everything'
  return reached.length === 0 ? 'nothing' : reached.join(', ')
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.join() === b.join()
}
