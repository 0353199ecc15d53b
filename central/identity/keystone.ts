import type { Authenticated, Identity } from './identity.js'
import { digestOf } from './random-id.js'
import { readJson } from './read-json.js'

/** A Keystone and how it is asked. */
export interface KeystoneOptions {
  /** `https://keystone.example.org:5000`, with or without its `/v3`. */
  readonly url: string
  /** PEM of who signed its certificate; undefined: whom the system trusts. */
  readonly ca: Buffer | undefined
  readonly timeoutMs: number
  /** How long an answer is believed: so long a token lives on after it was revoked there. */
  readonly cacheMs: number
  /** Most answers that are kept; what was asked first is forgotten first. */
  readonly cacheCount: number
  /** Role there that makes an admin here. */
  readonly adminRole: string
  /** Roles there that make a member; who has none of all these may do nothing here. */
  readonly memberRoles: readonly string[]
  readonly nowMs: () => number
}

/** Most questions at a time: whoever makes up tokens cannot make us flood it. */
const maxAsking = 50

/** What a Keystone said of a token, until when it is believed. */
interface Known {
  readonly untilMs: number
  readonly answer: Promise<Authenticated | undefined>
}

/**
 * Tokens of an external Keystone (Identity API v3, "Validate and show information for token"): each is shown to it as its own
 * proof, so we need no account there. A role that is none of those configured gives nothing: a `reader` there is no member.
 */
export function keystoneTokens(options: KeystoneOptions): Identity {
  const { nowMs, cacheMs, cacheCount } = options
  const known = new Map<string, Known>()
  let asking = 0

  async function askOne(token: string): Promise<Authenticated | undefined> {
    if (asking >= maxAsking) throw new Error('too many tokens are being shown to Keystone')
    asking += 1
    try {
      return await ask(options, token)
    } finally {
      asking -= 1
    }
  }

  return {
    async authenticate(token) {
      // what could not be in a header is no token
      if (!/^[\x21-\x7e]+$/.test(token)) return undefined
      const digest = digestOf(token)
      const found = known.get(digest)
      if (found !== undefined && found.untilMs > nowMs()) return await unended(found.answer, nowMs)
      known.delete(digest)
      const [oldest] = known.size >= cacheCount ? known.keys() : []
      if (oldest !== undefined) known.delete(oldest)
      const answer = askOne(token)
      const entry = { untilMs: nowMs() + cacheMs, answer }
      known.set(digest, entry)
      // that it could not be asked is not an answer; one that was forgotten may have been asked for again meanwhile
      answer.catch(() => known.get(digest) === entry && known.delete(digest))
      return await unended(answer, nowMs)
    },
  }
}

async function unended(answer: Known['answer'], nowMs: () => number) {
  const authenticated = await answer
  return authenticated !== undefined && authenticated.expiresMs > nowMs()
    ? authenticated
    : undefined
}

async function ask(
  { url, ca, timeoutMs, adminRole, memberRoles }: KeystoneOptions,
  token: string,
): Promise<Authenticated | undefined> {
  const base = url.endsWith('/v3') ? url : `${url}/v3`
  const headers = { 'X-Auth-Token': token, 'X-Subject-Token': token }
  const { status, body } = await readJson(`${base}/auth/tokens?nocatalog`, {
    headers,
    ca,
    timeoutMs,
  })
  if (status === 401 || status === 404) return undefined
  if (status !== 200) throw new Error(`Keystone at ${base} answered ${status}`)
  return authenticatedOf(body as KeystoneAnswer, { adminRole, memberRoles })
}

/** Parts of Keystone's answer that we look at. */
interface KeystoneAnswer {
  readonly token: {
    readonly user: { readonly id: string; readonly name: string }
    readonly project?: { readonly id: string; readonly name: string }
    readonly roles?: readonly { readonly name: string }[]
    readonly issued_at: string
    readonly expires_at: string
    readonly audit_ids?: readonly string[]
  }
}

function authenticatedOf(
  { token }: KeystoneAnswer,
  { adminRole, memberRoles }: Pick<KeystoneOptions, 'adminRole' | 'memberRoles'>,
): Authenticated {
  const names = token.roles?.map(({ name }) => name) ?? []
  const isAdmin = names.includes(adminRole)
  const isMember = isAdmin || names.some((name) => memberRoles.includes(name))
  const { project } = token
  return {
    user: { id: token.user.id, name: token.user.name },
    // without a role that counts here it is as good as a token of no project
    project: isMember && project ? { id: project.id, name: project.name } : undefined,
    roles: isAdmin ? ['admin', 'member'] : isMember ? ['member'] : [],
    issuedMs: Date.parse(token.issued_at),
    expiresMs: Date.parse(token.expires_at),
    auditId: token.audit_ids?.[0] ?? '',
  }
}
