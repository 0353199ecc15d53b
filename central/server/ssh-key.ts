import { createHash, generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'

/** A public key as it is kept. */
export interface PublicKey {
  /** One line: type, blob, and the comment as far as it is printable ASCII. */
  readonly text: string
  /** MD5 in pairs of digits, as Nova shows it. */
  readonly fingerprint: string
}

/** Types of keys that sshd takes. */
const types =
  /^(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp(?:256|384|521)|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)$/

/** Reads a line of `authorized_keys` without options (sshd(8)); undefined when it is none. */
export function parsePublicKey(text: string): PublicKey | undefined {
  const [type = '', blob = '', ...comment] = text.trim().split(/[ \t]+/)
  if (/[\r\n]/.test(text.trim()) || !types.test(type)) return undefined
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(blob) || blob.length % 4 !== 0) return undefined
  const bytes = Buffer.from(blob, 'base64')
  // the blob begins with its own type (RFC 4253 §6.6)
  const length = bytes.length < 4 ? 0 : bytes.readUInt32BE(0)
  if (bytes.subarray(4, 4 + length).toString('latin1') !== type) return undefined
  const note = comment.join(' ').replace(/[^\x20-\x7e]/g, '')
  const digest = createHash('md5').update(bytes).digest('hex')
  return {
    text: note === '' ? `${type} ${blob}` : `${type} ${blob} ${note}`,
    fingerprint: digest.replace(/..(?=.)/g, '$&:'),
  }
}

/** Makes a pair: RSA of 2048 bits, for that is what its file is read by everywhere. */
export async function generateKey(): Promise<{
  readonly publicKey: string
  readonly privateKey: string
}> {
  const { publicKey, privateKey } = await makePair('rsa', { modulusLength: 2048 })
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' })
  const parts = [Buffer.from('ssh-rsa'), positive(e), positive(n)].flatMap((part) => [
    lengthOf(part),
    part,
  ])
  return {
    publicKey: `ssh-rsa ${Buffer.concat(parts).toString('base64')} Generated-by-Okeanid`,
    privateKey: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
  }
}

const makePair = promisify(generateKeyPair)

/** A number as SSH writes it: a first bit would be its sign (RFC 4251 §5, mpint). */
function positive(base64url: string): Buffer {
  const bytes = Buffer.from(base64url, 'base64url')
  return (bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes
}

function lengthOf(part: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(part.length)
  return length
}
