import { chmod, mkdir, unlink } from 'node:fs/promises'
import {
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { AgentError, systemCode } from '#errors.js'

/**
 * What a path of the socket answers: a text, lines for as long as somebody reads them, or (POST) what came of doing something.
 * What is done must answer for every failure that can be expected: one that is thrown is a bug and ends the role.
 */
export type StatusRoute =
  | { readonly contentType: string; readonly read: () => string }
  | { readonly contentType: string; readonly follow: Follow }
  | { readonly contentType: string; readonly act: (query: URLSearchParams) => Promise<string> }

/**
 * Begins to tell lines to one reader, for whom `query` is what stood behind the path.
 * @param tell writes one line; false when the reader is behind and lines had better be left out
 * @returns what ends it, called once when the reader has gone
 */
export type Follow = (query: URLSearchParams, tell: (line: string) => boolean) => () => void

type Routes = Readonly<Record<string, StatusRoute>>

/** A status socket that answers. */
export interface StatusSocket {
  close(): Promise<void>
}

/** How far a reader of lines may be behind before lines are left out for him. */
const maxBehindBytes = 256 * 1024

/** Longest wait for an answer on the socket. */
const answerMs = 5000

/** `sun_path` without its final zero (unix(7)); Node would quietly cut a longer path. */
const maxPathBytes = 107

/**
 * Answers requests on a Unix socket, so that a running role can be asked how it is, and to do what only it can. Only its own user and
 * root may ask. Routes are asked only in a turn of the event loop after this has resolved: what the caller makes next may be what they tell of.
 *
 * @throws AgentError SOCKET_TAKEN when another process answers there; the socket of a dead one is replaced;
 * CONFIG_INVALID when the path is too long, or its folder not ours to write
 */
export async function openStatusSocket(socketPath: string, routes: Routes): Promise<StatusSocket> {
  if (Buffer.byteLength(socketPath) > maxPathBytes) {
    throw new AgentError(
      'CONFIG_INVALID',
      `[agent] runtime_directory: ${socketPath} is longer than the ${maxPathBytes} bytes that a Unix socket may have`,
    )
  }
  const folder = path.dirname(socketPath)
  await mkdir(folder, { recursive: true, mode: 0o755 }).catch(refuseFolder(folder))
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const server = createServer((incoming, answer) => {
    void opened.then(() => answerTo(incoming, { answer, routes }))
  })
  try {
    await listen(server, socketPath)
  } catch (error) {
    if (systemCode(error) !== 'EADDRINUSE') return refuseFolder(folder)(error)
    if (await isAnswered(socketPath)) {
      throw new AgentError(
        'SOCKET_TAKEN',
        `${socketPath}: another agent of this role runs already; stop it first`,
      )
    }
    await unlink(socketPath)
    await listen(server, socketPath)
  }
  await chmod(socketPath, 0o600)
  setImmediate(open)
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function answerTo(
  incoming: IncomingMessage,
  { answer, routes }: { readonly answer: ServerResponse; readonly routes: Routes },
): void {
  if (answer.destroyed) return // gone while it waited
  const [pathname = '', query] = (incoming.url ?? '').split('?', 2)
  const route = Object.hasOwn(routes, pathname) ? routes[pathname] : undefined
  const method = route !== undefined && 'act' in route ? 'POST' : 'GET'
  if (route === undefined || incoming.method !== method) {
    answer.writeHead(404).end('there is nothing here\n')
    return
  }
  answer.writeHead(200, { 'content-type': route.contentType })
  if ('read' in route) {
    answer.end(route.read())
    return
  }
  answer.flushHeaders()
  if ('act' in route) {
    void route.act(new URLSearchParams(query)).then((text) => answer.end(text)) // see StatusRoute
    return
  }
  const stop = route.follow(new URLSearchParams(query), (line) => {
    const keepsUp = answer.writableLength < maxBehindBytes
    if (keepsUp) answer.write(`${line}\n`)
    return keepsUp
  })
  answer.once('close', stop)
}

function refuseFolder(folder: string): (cause: unknown) => never {
  return (cause) => {
    const code = systemCode(cause)
    if (code === undefined) throw cause
    throw new AgentError(
      'CONFIG_INVALID',
      `[agent] runtime_directory: ${folder} cannot be written (${code}); systemd-tmpfiles --create okeanid.conf makes it, and the role’s unit runs as its user`,
      { cause },
    )
  }
}

/**
 * Asks a running role.
 * @param options.method POST for what is done rather than read
 * @throws AgentError AGENT_NOT_RUNNING when nobody answers
 */
export function askStatusSocket(
  socketPath: string,
  route: string,
  {
    method = 'GET',
    timeoutMs = answerMs,
  }: { readonly method?: 'GET' | 'POST'; readonly timeoutMs?: number } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { socketPath, method, path: route, timeout: timeoutMs, agent: false },
      (answer) => {
        const parts: Buffer[] = []
        answer.on('data', (part: Buffer) => parts.push(part))
        answer.on('end', () => resolve(Buffer.concat(parts).toString()))
        answer.on('error', reject)
      },
    )
    asked.on('timeout', () => asked.destroy(new Error('no answer')))
    asked.on('error', (cause) =>
      reject(
        new AgentError('AGENT_NOT_RUNNING', notRunning(socketPath, systemCode(cause)), { cause }),
      ),
    )
    asked.end()
  })
}

/**
 * Follows the lines of a running role until the signal aborts or the role ends.
 * @throws AgentError AGENT_NOT_RUNNING when nobody answers
 */
export async function* followStatusSocket(
  socketPath: string,
  route: string,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let answer: IncomingMessage | undefined
  try {
    answer = await new Promise<IncomingMessage>((resolve, reject) => {
      request({ socketPath, path: route, agent: false, signal }, resolve).on('error', reject).end()
    })
    for await (const line of createInterface({ input: answer })) yield line
  } catch (cause) {
    if (signal.aborted) return
    const text = answer
      ? `${socketPath}: the agent has stopped`
      : notRunning(socketPath, systemCode(cause))
    throw new AgentError('AGENT_NOT_RUNNING', text, { cause })
  } finally {
    answer?.destroy() // whoever stops reading hangs up
  }
}

function notRunning(socketPath: string, code: string | undefined): string {
  const what = `${socketPath}: nobody answers (${code ?? 'no answer in time'})`
  return code === 'EACCES'
    ? `${what}; ask as root or as the agent’s user`
    : `${what}; start the agent: systemctl start ${unitOf(socketPath)}`
}

/** The systemd unit of the role whose socket this is; the events role came first and has the plain name. */
function unitOf(socketPath: string): string {
  const role = path.basename(path.dirname(socketPath)).replace(/-role$/, '')
  return role === 'events' ? 'okeanid-agent' : `okeanid-${role}`
}

function listen(server: Server, socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(socketPath, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

async function isAnswered(socketPath: string): Promise<boolean> {
  try {
    await askStatusSocket(socketPath, '/')
    return true
  } catch {
    return false
  }
}
