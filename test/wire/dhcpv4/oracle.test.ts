import { createRequire } from 'node:module'
import t, { type Test } from 'tap'
import { ipv4OfNumber } from '#addr/ipv4.js'
import { answerIpv4 } from '#responder/dhcpv4/answer.js'
import { readU32 } from '#wire/bytes.js'
import { type Dhcpv4Message, decodeDhcpv4 } from '#wire/dhcpv4/message.js'
import { compiledNic, packetOf } from '../../support/nic4.js'
import { packetFixture, packetNames } from '../../support/packet.js'

/** What the `dhcp` package makes of a message: docs/decisions/0006-dhcp-package.md. */
interface Parsed {
  readonly op: number
  readonly xid: number
  readonly secs: number
  readonly flags: number
  readonly ciaddr: string
  readonly yiaddr: string
  readonly siaddr: string
  readonly giaddr: string
  readonly chaddr: string
  readonly options: Readonly<Record<string, unknown>>
}

const oracle = createRequire(import.meta.url)('dhcp/lib/protocol.js') as {
  readonly parse: (bytes: Buffer) => Parsed
}

/** How that package gives the options that it knows well. */
const shapes: Readonly<Record<number, 'address' | 'addresses' | 'text' | 'number' | 'numbers'>> = {
  1: 'address',
  3: 'addresses',
  6: 'addresses',
  12: 'text',
  15: 'text',
  28: 'address',
  42: 'addresses',
  50: 'address',
  51: 'number',
  53: 'number',
  54: 'address',
  55: 'numbers',
  57: 'number',
  58: 'number',
  59: 'number',
  60: 'text',
}

/** Without routes, as the package takes option 121 for a list of addresses and loses its place in what follows. */
const nic = compiledNic({ router: undefined })

for (const name of packetNames('dhcpv4-')) {
  const frame = packetFixture(name)
  const message = decodeDhcpv4(frame, 42, frame.length - 42)
  const isReadable = message?.options?.every(({ code }) => code !== 121) ?? false
  if (!isReadable) continue
  t.test(`${name} means to another implementation what it means to us`, async (t) => {
    compare(t, frame.subarray(42))
  })
  const slot = { bytes: new Uint8Array(1514), at: 0, size: 1514 }
  const outcome = answerIpv4(nic, packetOf(frame, false), slot)
  if (outcome.kind !== 'reply') continue
  t.test(`so does our answer to ${name}`, async (t) => {
    compare(t, slot.bytes.slice(42, outcome.length))
  })
}

function compare(t: Test, bytes: Uint8Array): void {
  const ours = decodeDhcpv4(bytes, 0, bytes.length)
  if (ours === undefined) throw new Error('does not decode')
  const theirs = oracle.parse(Buffer.from(bytes))
  t.same(
    { ...theirs, options: undefined },
    {
      ...theirs,
      ...{ op: ours.op, xid: ours.xid, secs: ours.secs, flags: ours.flags },
      ciaddr: ipv4OfNumber(ours.ciaddr),
      yiaddr: ipv4OfNumber(ours.yiaddr),
      siaddr: ipv4OfNumber(ours.siaddr),
      giaddr: ipv4OfNumber(ours.giaddr),
      options: undefined,
    },
  )
  t.same(knownOnly(theirs.options), optionsAs(ours))
}

function knownOnly(options: Parsed['options']): object {
  return Object.fromEntries(Object.entries(options).filter(([code]) => Number(code) in shapes))
}

function optionsAs({ options }: Dhcpv4Message): object {
  return Object.fromEntries(
    (options ?? [])
      .filter(({ code }) => code in shapes)
      .map(({ code, value }) => [String(code), valueAs(code, value)]),
  )
}

function valueAs(code: number, value: Uint8Array): unknown {
  switch (shapes[code]) {
    case 'address':
      return ipv4OfNumber(readU32(value, 0))
    case 'addresses':
      return Array.from({ length: value.length / 4 }, (_, index) =>
        ipv4OfNumber(readU32(value, index * 4)),
      )
    case 'text':
      return Buffer.from(value).toString('utf8')
    case 'number':
      return value.reduce((sum, byte) => sum * 256 + byte, 0)
    default:
      return Array.from(value)
  }
}
