import { readdirSync, readFileSync } from 'node:fs'
import { fixturePath } from './fixture.js'

/** The bytes of a golden packet: rows of hexadecimal digits, each with a comment after `#`. */
export function packetFixture(name: string): Uint8Array {
  const text = readFileSync(fixturePath('packets', `${name}.hex`), 'utf8')
  return hexBytes(text.replaceAll(/#.*/g, ''))
}

/** Names of the golden packets that begin so. */
export function packetNames(prefix: string): readonly string[] {
  return readdirSync(fixturePath('packets'))
    .filter((file) => file.startsWith(prefix) && file.endsWith('.hex'))
    .map((file) => file.slice(0, -4))
    .sort()
}

/** The bytes of hexadecimal digits; whitespace does not count. */
export function hexBytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'))
}

/** The hexadecimal digits of bytes. */
export function hexText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
