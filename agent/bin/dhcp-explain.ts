/**
 * `okeanid dhcp explain`: says what would be answered to a packet, and why. It needs no running agent and sends nothing: the
 * packets come from a capture or from hexadecimal text, the NICs from the bindings on this node or from a file.
 */
import { readFile } from 'node:fs/promises'
import { macNumber } from '#addr/mac.js'
import { AgentError } from '#errors.js'
import { type CompiledNic, compileNic } from '#responder/compiled-nic.js'
import type { Description } from '#responder/describe/description.js'
import { describeFrame, describePacket } from '#responder/describe/frame.js'
import type { Outcome, Packet } from '#responder/outcome.js'
import { reasonTexts } from '#responder/reasons.js'
import { respond } from '#responder/respond.js'
import { loadConfig } from '#service/config.js'
import { printable, printLine } from '#service/log.js'
import type { CapturedPacket } from '#wire/captured-packet.js'
import { decodeEthernet, ethernetLength } from '#wire/ethernet.js'
import { readCapture } from '#wire/pcap.js'
import { deviceOf, readServices } from './binding-sources.js'

/** A packet that is asked about, as it came in. */
interface Asked {
  readonly packet: Packet
  readonly description: Description
}

/** What is printed of one packet; `--json` prints it as it is. */
interface Explanation {
  readonly request: Description
  /** `instance/nic tap`, or null when no NIC fits. */
  readonly nic: string | null
  readonly outcome: string
  readonly why: string
  readonly answer: Description | null
}

/** Longest answer: a slot of the responder. */
const slotBytes = 2048

/** Prints what each packet would get. @throws AgentError INPUT_UNREADABLE, CONFIG_INVALID */
export async function explainPackets(
  location: { readonly file: string; readonly isRequired: boolean },
  input: string,
  { nic, json }: { readonly nic?: string; readonly json?: true },
): Promise<void> {
  const { config } = await loadConfig(location.file, location)
  const { services, missing, problems } = await readServices(config)
  for (const folder of missing)
    process.stderr.write(
      `okeanid: ${folder}: is not there or cannot be read; its NICs are not known\n`,
    )
  for (const problem of problems) process.stderr.write(`okeanid: ${problem}\n`)
  const nics = services.map((service) => compileNic(service, deviceOf(service)))
  const wanted = nic === undefined ? nics : nics.filter(({ service }) => isNamed(service, nic))
  if (nic !== undefined && wanted.length === 0)
    throw new AgentError(
      'INPUT_UNREADABLE',
      `${nic}: no binding here has this instance, tap or address`,
    )
  for (const asked of await readPackets(input)) {
    const explanation = explain(asked, { wanted, isNamed: nic !== undefined })
    if (json) printLine(JSON.stringify(explanation))
    else for (const line of explanationLines(explanation)) printLine(printable(line))
  }
}

function isNamed({ instance, tap, mac }: CompiledNic['service'], name: string): boolean {
  return instance === name || tap === name || mac === name.toLowerCase()
}

/** With a NIC named, the packet is taken as one that came in by its tap; else the NIC with its source address is. */
function explain(
  { packet, description }: Asked,
  { wanted, isNamed }: { readonly wanted: readonly CompiledNic[]; readonly isNamed: boolean },
): Explanation {
  const isOwn = (nic: CompiledNic) => macNumber(nic.service.mac) === packet.sourceMac
  const nic =
    wanted.find(isOwn) ??
    (isNamed || (packet.sourceMac === undefined && wanted.length === 1) ? wanted[0] : undefined)
  if (nic === undefined) {
    const why = 'no binding has the Ethernet source of this packet; name a NIC with --nic'
    return { request: description, nic: null, outcome: 'unknown-nic', why, answer: null }
  }
  const { service } = nic
  const who = `${service.instance}/${service.nic} ${service.tap}`
  const isSpoofed = service.checksSource && packet.sourceMac !== undefined && !isOwn(nic)
  const slot = { bytes: new Uint8Array(slotBytes), at: 0, size: slotBytes }
  const outcome: Outcome = isSpoofed
    ? { kind: 'drop', reason: 'spoofed-source' }
    : respond(nic, packet, slot)
  if (outcome.kind !== 'reply') {
    const verdict = outcome.kind === 'pass' ? 'passes untouched' : 'is dropped'
    const why = `it ${verdict}: ${reasonTexts[outcome.reason]}`
    return { request: description, nic: who, outcome: outcome.reason, why, answer: null }
  }
  const also = outcome.verdict === 'pass' ? ', and it goes on to the real router as well' : ''
  return {
    request: description,
    nic: who,
    outcome: outcome.what,
    why: `it is answered${also}`,
    answer: describeFrame({ ...slot, length: outcome.length }),
  }
}

function explanationLines({ request, nic, why, answer }: Explanation): readonly string[] {
  return [
    `${nic ?? 'unknown NIC'}: ${request.what}`,
    ...factLines(request),
    `  -> ${why}${answer === null ? '' : `: ${answer.what}`}`,
    ...(answer === null ? [] : factLines(answer)),
  ]
}

function factLines({ facts }: Description): readonly string[] {
  return facts.map(([name, value]) => `     ${name.padEnd(12)} ${value}`)
}

async function readPackets(input: string): Promise<readonly Asked[]> {
  const hex = input.replaceAll(/[\s:]/g, '')
  if (/^(?:[0-9a-f]{2}){20,}$/i.test(hex)) {
    const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
    return [isIpPacket(bytes) ? rawPacket(bytes) : framePacket(bytes)]
  }
  const bytes = await readFile(input).catch((cause: unknown) => {
    throw new AgentError(
      'INPUT_UNREADABLE',
      `${input}: is neither hexadecimal nor a file that can be read`,
      { cause },
    )
  })
  const capture = readCapture(bytes)
  if (!capture.ok) throw new AgentError('INPUT_UNREADABLE', `${input}: ${capture.problem}`)
  const packets = capture.value.flatMap(({ linkType, at, length }) => {
    const packet = bytes.subarray(at, at + length)
    if (linkType === 1) return [framePacket(packet)]
    return linkType === 101 ? [rawPacket(packet)] : []
  })
  if (packets.length === 0)
    throw new AgentError('INPUT_UNREADABLE', `${input}: ${nothingIn(capture.value)}`)
  return packets
}

/** Why a capture has nothing to explain: `tcpdump -i any` leaves the destination address out. */
function nothingIn([first]: readonly CapturedPacket[]): string {
  return first === undefined
    ? 'has no whole packet'
    : `its packets have no Ethernet header (link type ${first.linkType}); capture on the tap itself: tcpdump -i TAP -w FILE`
}

/** Whether the bytes begin with an IP header whose length fits, not with an Ethernet address. */
function isIpPacket(bytes: Uint8Array): boolean {
  const { what } = describePacket({ bytes, at: 0, length: bytes.length })
  const isIp = what !== 'no IP packet' && !what.startsWith('malformed IP')
  return isIp && decodeEthernet(bytes, 0, bytes.length)?.type !== 0x0800
}

function rawPacket(bytes: Uint8Array): Asked {
  const span = { bytes, at: 0, length: bytes.length }
  return {
    packet: { ...span, sourceMac: undefined, isChecksumReady: true },
    description: describePacket(span),
  }
}

function framePacket(bytes: Uint8Array): Asked {
  const header = decodeEthernet(bytes, 0, bytes.length)
  const at = header === undefined ? bytes.length : ethernetLength(header)
  return {
    packet: {
      bytes,
      at,
      length: bytes.length - at,
      sourceMac: header?.source,
      isChecksumReady: true,
    },
    description: describeFrame({ bytes, at: 0, length: bytes.length }),
  }
}
