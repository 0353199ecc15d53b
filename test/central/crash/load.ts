import { setTimeout as delay } from 'node:timers/promises'
import type { FakeCluster } from '../../support/fake-ganeti/cluster.js'

/** What clients were told, over all lives of the service. */
export interface Load {
  /** Works against one life of the service until the signal aborts. */
  run(port: number, signal: AbortSignal): Promise<void>
  /** Servers whose making was accepted: their numbers. */
  readonly accepted: ReadonlySet<number>
  /** Names of all servers that were asked for, also of those whose answer was lost. */
  readonly asked: ReadonlySet<string>
  /** Servers for which a delete was sent, whatever came of it. */
  readonly deleting: ReadonlySet<number>
  /** How many answers there were, by what was asked for and their status. */
  readonly answers: ReadonlyMap<string, number>
}

const clientCount = 3

/** Between two requests of a client: enough for the service to be busy, and for a machine to bear it. */
const pauseMs = 60

/** What clients ask for, and how often. */
const actions: readonly (readonly [number, string, ((random: number) => unknown) | undefined])[] = [
  [12, 'os-stop', () => null],
  [14, 'os-start', () => null],
  [6, 'reboot', (random) => ({ type: random < 0.5 ? 'SOFT' : 'HARD' })],
  [6, 'resize', (random) => ({ flavorRef: random < 0.5 ? 'small' : 'large' })],
  [6, 'confirmResize', () => null],
  [2, 'revertResize', () => null],
  [3, 'rebuild', () => ({ imageRef: 'image' })],
  [4, 'firewallProfile', (random) => ({ profile: random < 0.5 ? 'PROTECTED' : 'DISABLED' })],
  [5, 'addFixedIp', () => ({ networkId: 1 })],
  [3, 'attach', undefined],
  [8, 'delete', undefined],
]

/**
 * Clients that make servers on a network, do all kinds of things to them and delete some; and an administrator who stops and starts
 * instances and tags them at the cluster itself.
 */
export function createLoad({
  token,
  cluster,
  random,
  serverCount,
}: {
  readonly token: string
  readonly cluster: FakeCluster
  readonly random: () => number
  /** Most servers that there are at a time. */
  readonly serverCount: number
}): Load {
  const accepted = new Set<number>()
  const asked = new Set<string>()
  const deleting = new Set<number>()
  const answers = new Map<string, number>()
  let nameCount = 0

  async function call(
    port: number,
    { method, path, body, what }: Record<'method' | 'path' | 'what', string> & { body?: unknown },
  ): Promise<unknown> {
    const note = (outcome: string | number) =>
      answers.set(`${what} ${outcome}`, (answers.get(`${what} ${outcome}`) ?? 0) + 1)
    try {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        headers: { 'x-auth-token': token, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(15_000),
      })
      const text = await response.text()
      note(response.status)
      return response.ok && text !== '' ? JSON.parse(text) : undefined
    } catch {
      note('lost')
      return undefined
    }
  }

  async function create(port: number): Promise<void> {
    nameCount += 1
    const name = `server-${nameCount}`
    asked.add(name)
    const networks = random() < 0.9 ? [{ uuid: random() < 0.7 ? 1 : 2 }] : 'none'
    const server = { name, flavorRef: 'small', imageRef: 'image', networks }
    const path = '/compute/v2.1/servers'
    const made = await call(port, { method: 'POST', path, body: { server }, what: 'create' })
    if (made !== undefined) accepted.add(Number((made as { server: { id: string } }).server.id))
  }

  async function act(port: number, id: number): Promise<void> {
    const [, what, argument] = chosenOf(random()) ?? []
    if (what === undefined) return
    const path = `/compute/v2.1/servers/${id}`
    if (what === 'delete') {
      deleting.add(id)
      await call(port, { method: 'DELETE', path, what })
    } else if (what === 'attach') {
      const body = { interfaceAttachment: { net_id: 2 } }
      await call(port, { method: 'POST', path: `${path}/os-interface`, body, what })
    } else {
      const body = { [what]: argument?.(random()) ?? null }
      await call(port, { method: 'POST', path: `${path}/action`, body, what })
    }
  }

  async function client(port: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const living = [...accepted].filter((id) => !deleting.has(id))
      const id = living[Math.floor(random() * living.length)]
      if (id === undefined || (living.length < serverCount && random() < 0.3)) await create(port)
      else await act(port, id)
      await delay(pauseMs * random() * 2)
    }
  }

  async function administrator(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await delay(200 + random() * 400)
      const names = [...cluster.instances.keys()]
      const instance_name = names[Math.floor(random() * names.length)]
      if (instance_name === undefined) continue
      const chosen = random()
      if (chosen < 0.4)
        cluster.submit([{ opcode: 'OP_INSTANCE_SHUTDOWN', input: { instance_name } }])
      else if (chosen < 0.8)
        cluster.submit([{ opcode: 'OP_INSTANCE_STARTUP', input: { instance_name } }])
      else {
        const tags = [`admin:${Math.floor(random() * 1000)}`]
        const input = { kind: 'instance', name: instance_name, tags }
        cluster.submit([{ opcode: 'OP_TAGS_SET', input }])
      }
    }
  }

  return {
    accepted,
    asked,
    deleting,
    answers,
    async run(port, signal) {
      const clients = Array.from({ length: clientCount }, () => client(port, signal))
      await Promise.all([...clients, administrator(signal)])
    },
  }
}

/** One of the actions, by their weights. */
function chosenOf(share: number): (typeof actions)[number] | undefined {
  let left = share * actions.reduce((all, [weight]) => all + weight, 0)
  for (const action of actions) {
    left -= action[0]
    if (left < 0) return action
  }
  return actions[0]
}
