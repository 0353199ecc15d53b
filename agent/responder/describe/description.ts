/** A packet as people read it: what it is, and what it says. Texts of guests are made printable. */
export interface Description {
  /** `DHCPDISCOVER`, `router solicitation` … */
  readonly what: string
  /** In the order in which they are printed. */
  readonly facts: readonly Fact[]
}

/** A name and what it is set to. */
export type Fact = readonly [name: string, value: string]

/** Bytes as text where they are printable ASCII, else in hexadecimal. */
export function textOrHex(bytes: Uint8Array): string {
  const isText = bytes.length > 0 && bytes.every((byte) => byte >= 0x20 && byte < 0x7f)
  return isText ? asciiText(bytes) : hexText(bytes)
}

/** Two digits a byte. */
export function hexText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** ASCII; whatever is not printable becomes `?`. */
export function asciiText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) =>
    byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '?',
  ).join('')
}

/** The text; whatever is not printable ASCII becomes `?`. */
export function printableText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?')
}
