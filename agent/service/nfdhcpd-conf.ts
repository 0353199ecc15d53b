import { defaultSettings } from '#binding/setting-fields.js'
import { type ConfigObjEntry, parseConfigObj } from './configobj.js'
import { keyField } from './sections.js'

/** What of an nfdhcpd.conf is not the same any more. */
export interface ConversionNote {
  /** `dhcp.lease_renewal`, or empty for the file. */
  readonly key: string
  readonly message: string
}

/** An nfdhcpd.conf in our words. */
export interface Conversion {
  /** A configuration file, with the notes as comments. */
  readonly ini: string
  readonly notes: readonly ConversionNote[]
}

/** Keys whose work is done elsewhere, and where. */
const elsewhere: ReadonlyMap<string, string> = new Map([
  ['general.pidfile', 'has no equal: systemd knows the process'],
  ['general.logdir', 'has no equal: the journal has the log'],
  ['general.user', 'has no equal: the systemd unit names the user'],
  ['ipv6.enable_dhcpv6', 'is ignored, as nfdhcpd did since 0.16; mode counts'],
])

/** Numbers of queues: nfdhcpd took 0 for "none" but in section dhcp. */
const queues: ReadonlyMap<string, string> = new Map([
  ['dhcp.dhcp_queue', 'dhcp_queue'],
  ['ipv6.rs_queue', 'rs_queue'],
  ['ipv6.ns_queue', 'ns_queue'],
  ['ipv6.dhcpv6_queue', 'dhcpv6_queue'],
  ['ipv6.dhcp_queue', 'dhcpv6_queue'],
])

/** Keys that this reads. */
const known: ReadonlySet<string> = new Set([
  ...elsewhere.keys(),
  ...queues.keys(),
  'general.datapath',
  'general.datadir',
  'dhcp.enable_dhcp',
  'dhcp.lease_lifetime',
  'dhcp.lease_renewal',
  'dhcp.server_ip',
  'dhcp.server_on_link',
  'dhcp.nameservers',
  'dhcp.domain',
  'ipv6.enable_ipv6',
  'ipv6.mode',
  'ipv6.ra_period',
  'ipv6.nameservers',
  'ipv6.domains',
])

/**
 * Turns an nfdhcpd.conf into a configuration of ours. What it gives can always be loaded; what could not be taken over is
 * noted.
 */
export function convertNfdhcpdConf(text: string): Conversion {
  const { entries, odd } = parseConfigObj(text)
  const given = new Map<string, ConfigObjEntry>()
  for (const entry of entries) given.set(`${entry.section}.${entry.key}`, entry)
  const notes: ConversionNote[] = odd.map((line) => ({
    key: '',
    message: `line ${line} cannot be read`,
  }))
  const out = new Map<string, string>()
  const note = (key: string, message: string): void => {
    notes.push({ key, message })
  }
  const put: Source['put'] = (from, to, value) => {
    const [section = '', key = ''] = to.split('.')
    const fault = keyField(section, key)?.fault(value)
    if (fault === undefined) out.set(to, value)
    else note(from, `is left out: ${key} = ${value}: ${fault}`)
    return fault === undefined
  }
  const source: Source = {
    one: (key) => {
      const values = given.get(key)?.values
      return values?.join(', ').trim() || undefined
    },
    all: (key) => given.get(key)?.values.filter((value) => value !== '') ?? [],
    put,
    note,
  }
  for (const key of given.keys()) {
    const message = elsewhere.get(key) ?? (known.has(key) ? undefined : 'is unknown')
    if (message !== undefined) note(key, message)
  }
  convertGeneral(source)
  convertQueues(source)
  convertDhcp(source)
  convertIpv6(source)
  return { ini: format(out, notes), notes }
}

interface Source {
  /** The value, lists joined; undefined when absent, empty or None. */
  readonly one: (key: string) => string | undefined
  readonly all: (key: string) => readonly string[]
  /** Sets a key of ours; false, and a note, when the value does not do for it. */
  readonly put: (from: string, to: string, value: string) => boolean
  readonly note: (key: string, message: string) => void
}

function convertGeneral({ one, put, note }: Source): void {
  const key = one('general.datapath') === undefined ? 'general.datadir' : 'general.datapath'
  const directory = one(key)
  if (directory === undefined)
    note('general.datapath', 'is missing; set nfdhcpd_directory to the folder of binding files')
  else put(key, 'responder.nfdhcpd_directory', directory)
}

/** Every service gets a queue of its own, whatever numbers nfdhcpd had been given. */
function convertQueues({ one, put, note }: Source): void {
  const numbers = new Map<string, number>()
  const taken = new Set<number>()
  for (const [from, to] of queues) {
    const text = one(from)
    const number = Number(text)
    if (text === undefined || numbers.has(to) || (number === 0 && from.startsWith('ipv6.')))
      continue
    const isFree = Number.isInteger(number) && number <= highestQueue && !taken.has(number)
    if (!isFree) note(from, `is left out: ${text} is taken, or above ${highestQueue}`)
    else if (put(from, `queueing.${to}`, String(number))) {
      numbers.set(to, number)
      taken.add(number)
    }
  }
  for (const to of new Set(queues.values())) {
    const usual = Number(keyField('queueing', to)?.defaultText)
    if (numbers.has(to)) continue
    let number = usual
    while (taken.has(number)) number++
    if (number !== usual) put(`queueing.${to}`, `queueing.${to}`, String(number))
    taken.add(number)
  }
  const usualOffset = Number(keyField('queueing', 'drop_queue_offset')?.defaultText)
  let offset = usualOffset
  while ([...taken].some((number) => taken.has(number + offset))) offset++
  if (offset !== usualOffset) {
    put('queueing.drop_queue_offset', 'queueing.drop_queue_offset', String(offset))
  }
}

/** Above it there is no room for the queues of NICs whose packets are dropped while nobody answers. */
const highestQueue = 60_000

function convertDhcp({ one, all, put, note }: Source): void {
  const lease = one('dhcp.lease_lifetime')
  const renew = one('dhcp.lease_renewal')
  const isTaken = lease !== undefined && put('dhcp.lease_lifetime', 'dhcp.lease', `${lease}s`)
  if (renew !== undefined) {
    // T1 has to come before T2, which is seven eighths of the lease (RFC 2131 §4.4.5)
    const leaseSeconds = isTaken ? Number(lease) : defaultSettings().leaseSeconds
    const isInOrder = Number(renew) < Math.floor((leaseSeconds * 7) / 8)
    if (isInOrder) put('dhcp.lease_renewal', 'dhcp.renew', `${renew}s`)
    else note('dhcp.lease_renewal', 'is left out: not before rebinding; half the lease holds')
  }
  const server = one('dhcp.server_ip')
  if (server !== undefined) put('dhcp.server_ip', 'dhcp.server_id', server)
  const isOnLink = isTrue(one('dhcp.server_on_link'))
  put('dhcp.server_on_link', 'dhcp.server_on_link', isOnLink ? 'yes' : 'no')
  if (isOnLink) {
    note('dhcp.server_on_link', 'takes server_id, not the subnet’s first host, without a gateway')
  }
  if (one('dhcp.enable_dhcp') !== undefined && !isTrue(one('dhcp.enable_dhcp'))) {
    note('dhcp.enable_dhcp', 'has no equal for all NICs; files with an IP are answered by DHCPv4')
  }
  const servers = [...all('dhcp.nameservers'), ...all('ipv6.nameservers')]
  if (servers.length > 0) put('dhcp.nameservers', 'dhcp.nameservers', servers.join(', '))
  const domain = one('dhcp.domain')
  if (domain !== undefined && domain !== 'None') put('dhcp.domain', 'dhcp.domain', domain)
}

function convertIpv6({ one, all, put, note }: Source): void {
  if (one('ipv6.enable_ipv6') !== undefined && !isTrue(one('ipv6.enable_ipv6'))) {
    note('ipv6.enable_ipv6', 'has no equal for all NICs; routed files with a SUBNET6 get IPv6')
  }
  const mode = one('ipv6.mode') ?? 'auto'
  const hasQueue = ['ipv6.dhcpv6_queue', 'ipv6.dhcp_queue'].some((key) => (one(key) ?? '0') !== '0')
  const isStateless = mode === 'slaac+dhcpv6' || (mode === 'auto' && hasQueue)
  if (mode === 'dhcpv6') note('ipv6.mode', 'dhcpv6 was never there; stateless holds')
  put('ipv6.mode', 'dhcpv6.mode', isStateless || mode === 'dhcpv6' ? 'stateless' : 'off')
  const period = Number(one('ipv6.ra_period') ?? '600')
  const max = Math.min(1800, Math.max(4, period))
  if (max !== period) note('ipv6.ra_period', `becomes ${max}s (RFC 4861 §6.2.1)`)
  put('ipv6.ra_period', 'ra.interval_max', `${max}s`)
  put('ipv6.ra_period', 'ra.interval_min', `${Math.max(3, Math.floor(max * 0.75))}s`)
  const domains = all('ipv6.domains').filter((domain) => domain !== 'None')
  if (domains.length > 0) {
    put('ipv6.domains', 'dhcp.search', domains.join(', '))
    note('ipv6.domains', 'are told by DHCPv4 as well')
  }
}

/** configobj's truths. */
function isTrue(text: string | undefined): boolean {
  return /^(?:true|on|1|yes)$/i.test(text ?? '')
}

function format(out: ReadonlyMap<string, string>, notes: readonly ConversionNote[]): string {
  const lines = ['# From an nfdhcpd.conf, by okeanid config import-nfdhcpd.']
  // one line each, whatever the key was: what follows a line break would not be a comment any more
  for (const { key, message } of notes) {
    lines.push(`# ${`${key} ${message}`.trim().replace(/[^\x20-\x7e\u2019]/g, '?')}`)
  }
  for (const section of ['responder', 'queueing', 'dhcp', 'ra', 'dhcpv6']) {
    const keys = [...out].filter(([key]) => key.startsWith(`${section}.`))
    if (keys.length === 0) continue
    lines.push('', `[${section}]`)
    for (const [key, value] of keys) {
      // both begin comments for `ini` unless they are escaped
      lines.push(`${key.slice(section.length + 1)} = ${value.replace(/[;#]/g, '\\$&')}`)
    }
  }
  return `${lines.join('\n')}\n`
}
