import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a played Keystone knows of a token. */
export interface PlayedToken {
  readonly userId?: string
  readonly projectId?: string | undefined
  readonly roles?: readonly string[]
  readonly expiresMs: number
}

/** How it answers. */
export type Mood = 'well' | 'hanging' | 'broken' | 'nonsense' | 'endless'

/** A Keystone of the Identity API v3, as far as tokens are validated, over real HTTP. */
export interface PlayedKeystone {
  readonly url: string
  /** Tokens by their text; one that is taken out was revoked. */
  readonly tokens: Map<string, PlayedToken>
  /** How many questions there were. */
  readonly askedCount: () => number
  /** Most questions that were under way at once. */
  readonly peakCount: () => number
  setMood(mood: Mood): void
  close(): Promise<void>
}

/** Starts one. */
export async function playKeystone({
  nowMs,
}: {
  readonly nowMs: () => number
}): Promise<PlayedKeystone> {
  const tokens = new Map<string, PlayedToken>()
  let mood: Mood = 'well'
  let asked = 0
  let open = 0
  let peak = 0
  const server = http.createServer((request, response) => {
    asked += 1
    open += 1
    peak = Math.max(peak, open)
    response.on('close', () => {
      open -= 1
    })
    answer({ tokens, mood, nowMs: nowMs() }, { request, response })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    tokens,
    askedCount: () => asked,
    peakCount: () => peak,
    setMood: (next) => {
      mood = next
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function answer(
  {
    tokens,
    mood,
    nowMs,
  }: {
    readonly tokens: ReadonlyMap<string, PlayedToken>
    readonly mood: Mood
    readonly nowMs: number
  },
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
): void {
  if (mood === 'hanging') return
  if (mood === 'broken') return void response.writeHead(500).end('{"error": {"code": 500}}')
  if (mood === 'nonsense') return void response.writeHead(200).end('{"token": 7}')
  if (mood === 'endless') {
    response.writeHead(200, { 'Content-Type': 'application/json' })
    const more = () => {
      while (!response.destroyed && response.write(' '.repeat(64 * 1024)));
    }
    response.on('drain', more)
    return more()
  }
  const proof = request.headers['x-auth-token']
  const subject = String(request.headers['x-subject-token'])
  const known = tokens.get(subject)
  // a token that has ended is no proof either
  if (proof !== subject || known === undefined || known.expiresMs <= nowMs) {
    return void response.writeHead(401).end('{"error": {"code": 401, "title": "Unauthorized"}}')
  }
  const { userId = 'u1', projectId, roles = [], expiresMs } = known
  const token = {
    methods: ['password'],
    user: { id: userId, name: `name of ${userId}`, domain: { id: 'default', name: 'Default' } },
    ...(projectId === undefined ? {} : { project: { id: projectId, name: projectId } }),
    roles: roles.map((name) => ({ id: name, name })),
    issued_at: new Date(expiresMs - 3_600_000).toISOString(),
    expires_at: new Date(expiresMs).toISOString(),
    audit_ids: ['audit'],
  }
  response.writeHead(200, { 'Content-Type': 'application/json', 'X-Subject-Token': subject })
  response.end(JSON.stringify({ token }))
}
