import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'

/** OWASP's "Password Storage Cheat Sheet": N = 2^15, r = 8, p = 3; 32 MiB while it runs, in a thread of its own. */
const cost = { N: 2 ** 15, r: 8, p: 3 } as const

const hashBytes = 32

const maxMemoryBytes = 96 * 1024 * 1024

/** Longest password that is looked at, in characters. */
export const maxPasswordLength = 1024

/** What is kept of a password: `scrypt$N$r$p$salt$hash`, salt and hash in base64. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const hash = await derive({ password, salt, options: cost })
  const parts = [cost.N, cost.r, cost.p, salt.toString('base64'), hash.toString('base64')]
  return `scrypt$${parts.join('$')}`
}

/** Whether this is the password that was kept; takes as long when there is none (`kept` undefined). */
export async function isPassword(password: string, kept: string | undefined): Promise<boolean> {
  const { options, salt, hash } = parse(kept)
  const derived = await derive({ password, salt, options })
  return timingSafeEqual(derived, hash) && kept !== undefined
}

interface Kept {
  readonly options: ScryptOptions
  readonly salt: Buffer
  readonly hash: Buffer
}

function parse(kept: string | undefined): Kept {
  const [name, n, r, p, salt, hash] = (kept ?? '').split('$')
  const isOurs = name === 'scrypt' && salt !== undefined && hash !== undefined
  if (!isOurs) return { options: cost, salt: Buffer.alloc(16), hash: Buffer.alloc(hashBytes) }
  return {
    options: { N: Number(n), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  }
}

function derive({
  password,
  salt,
  options,
}: {
  readonly password: string
  readonly salt: Buffer
  readonly options: ScryptOptions
}): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, key: Buffer): void => {
      if (error === null) resolve(key)
      else reject(error)
    }
    scrypt(password, salt, hashBytes, { ...options, maxmem: maxMemoryBytes }, done)
  })
}
