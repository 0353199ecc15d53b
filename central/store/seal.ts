import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'

/** Keeps secrets in the store that a copy of it does not tell. */
export interface Sealer {
  seal(text: string): string
  /** @throws Error when it was sealed with another key, or changed */
  open(sealed: string): string
}

const cipher = 'aes-256-gcm'

const nonceBytes = 12

const tagBytes = 16

/** A sealer with the key that a text of any length stands for: AES-256-GCM, `v1:` and base64 of nonce, tag, ciphertext. */
export function createSealer(secret: string): Sealer {
  const key = createHash('sha256').update('okeanid-central seal v1\0').update(secret).digest()
  return {
    seal(text) {
      const nonce = randomBytes(nonceBytes)
      const encrypting = createCipheriv(cipher, key, nonce)
      const hidden = Buffer.concat([encrypting.update(text, 'utf8'), encrypting.final()])
      return `v1:${Buffer.concat([nonce, encrypting.getAuthTag(), hidden]).toString('base64')}`
    },
    open(sealed) {
      if (!sealed.startsWith('v1:')) throw new Error('not a sealed text')
      const bytes = Buffer.from(sealed.slice('v1:'.length), 'base64')
      const decrypting = createDecipheriv(cipher, key, bytes.subarray(0, nonceBytes), {
        authTagLength: tagBytes,
      })
      decrypting.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes))
      const hidden = bytes.subarray(nonceBytes + tagBytes)
      return Buffer.concat([decrypting.update(hidden), decrypting.final()]).toString('utf8')
    },
  }
}
