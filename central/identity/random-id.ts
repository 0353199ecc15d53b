import { createHash, randomBytes } from 'node:crypto'

/** An id as Keystone makes them: 32 hexadecimal digits. */
export function randomId(): string {
  return randomBytes(16).toString('hex')
}

/** A secret for a URL or a header: 256 bits as 43 characters of base64url. */
export function randomSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** What is kept of a secret: SHA-256, hexadecimal. Found by it, so no comparison takes longer the better a guess is. */
export function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

/** Whether a text may be one of our secrets at all: others are refused without a look into the store. */
export function isSecret(text: string): boolean {
  return /^[\w-]{43}$/.test(text)
}
