import fc from 'fast-check'
import type { Dhcpv4Message } from '#wire/dhcpv4/message.js'

const u8 = fc.nat(255)
const u16 = fc.nat(0xffff)
const u32 = fc.nat(0xffff_ffff)

/** Codes that stand for themselves: not pad, end, overload, or the relay's information, which moves to the end. */
const codes = fc.integer({ min: 1, max: 254 }).filter((code) => code !== 52 && code !== 82)

const optionLists = fc.uniqueArray(
  fc.record({ code: codes, value: fc.uint8Array({ maxLength: 300 }) }),
  { maxLength: 12, selector: ({ code }) => code },
)

/** Any message that can be told from its encoding: fields without zeros at their end. */
export const dhcpv4Messages: fc.Arbitrary<Dhcpv4Message> = fc.record({
  op: u8,
  htype: u8,
  hlen: u8,
  hops: u8,
  xid: u32,
  secs: u16,
  flags: u16,
  ciaddr: u32,
  yiaddr: u32,
  siaddr: u32,
  giaddr: u32,
  chaddr: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  sname: fc.uint8Array({ maxLength: 64, min: 1 }),
  file: fc.uint8Array({ maxLength: 128, min: 1 }),
  options: fc.option(optionLists, { nil: undefined }),
})

/** ASCII text within bytes. */
export function textOf(bytes: Uint8Array, at: number, length: number): string {
  return Buffer.from(bytes.subarray(at, at + length)).toString('latin1')
}
