import { request } from 'node:http'
import path from 'node:path'
import type { GuestNic, Site } from '../support/site.js'
import type { Program } from '../support/space.js'
import { until } from '../support/until.js'

/** Both roles of the agent that guests need, as the packages run them: a process each. */
export interface SiteAgent extends AsyncDisposable {
  responder: Program
  readonly nics: Program
  /** Waits until so many NICs are served on so many taps, rules included. */
  readonly serves: (count: number) => Promise<void>
  /** Who brings packets to the queues; undefined before there was any tap. */
  readonly manager: () => Promise<string | undefined>
  /** Waits until a NIC is served with this. */
  readonly knows: (nic: GuestNic, wanted: Partial<KnownNic>) => Promise<void>
  /** How often each outcome came, since the responder was started. */
  readonly outcomes: () => Promise<Readonly<Record<string, number>>>
}

/** What `okeanid status` knows of a responder, as far as tests look at it. */
export interface ResponderStatus {
  readonly nics: { readonly served: number; readonly waiting: number; readonly problems: number }
  readonly queues: readonly {
    readonly number: number
    readonly state: { readonly kind: string }
    readonly waiting: number
    readonly dropped: number
  }[]
  readonly outcomes: Readonly<Record<string, number>>
}

/** What the responder knows of a NIC, as far as tests look at it. */
export interface KnownNic {
  readonly tap: string
  readonly address: string | null
  readonly services: readonly string[]
}

interface NicsStatus {
  readonly rules: {
    readonly manager: string | null
    readonly taps: number
    readonly problem: string | null
    readonly refusals: readonly string[]
  }
}

/** Starts both roles; NICs that are bound already are served when this resolves. An emulated machine needs its time. */
export async function startAgent(
  site: Site,
  { count, deadlineMs = 60_000 }: { readonly count: number; readonly deadlineMs?: number },
): Promise<SiteAgent> {
  const nics = site.startRole('nics')
  const responder = site.startRole('responder')
  const agent: SiteAgent = {
    responder,
    nics,
    async serves(wanted) {
      await until(
        `${wanted} served NICs`,
        async () => {
          const [answering, queueing] = await Promise.all([responderStatus(site), nicsStatus(site)])
          const isServed =
            answering?.nics.served === wanted &&
            answering.queues.every(({ state }) => state.kind === 'bound') &&
            queueing?.rules.taps === wanted &&
            queueing.rules.problem === null
          return isServed || undefined
        },
        { deadlineMs, everyMs: 10 },
      ).catch((error: unknown) => {
        throw new Error(`${String(error)}; ${agent.responder.text()}${nics.text()}`)
      })
    },
    manager: async () => (await nicsStatus(site))?.rules.manager ?? undefined,
    async knows({ tap }, wanted) {
      await until(
        `${tap} with ${JSON.stringify(wanted)}`,
        async () => {
          const known = (await knownNics(site)).find((nic) => nic.tap === tap) ?? {}
          const told = new Map(Object.entries(known).map(([name, value]) => [name, String(value)]))
          const fits = Object.entries(wanted).every(
            ([name, value]) => told.get(name) === String(value),
          )
          return fits || undefined
        },
        { everyMs: 5 },
      )
    },
    outcomes: async () => (await responderStatus(site))?.outcomes ?? {},
    async [Symbol.asyncDispose]() {
      await Promise.all([agent.responder.stop(), nics.stop()])
    },
  }
  await agent.serves(count)
  return agent
}

/** Undefined while the responder does not answer. */
export async function responderStatus(site: Site): Promise<ResponderStatus | undefined> {
  const text = await ask(site, 'responder')
  return text === undefined ? undefined : JSON.parse(text)
}

async function knownNics(site: Site): Promise<readonly KnownNic[]> {
  return JSON.parse((await ask(site, 'responder', '/nics')) ?? '[]')
}

async function nicsStatus(site: Site): Promise<NicsStatus | undefined> {
  const text = await ask(site, 'nics')
  return text === undefined ? undefined : JSON.parse(text)
}

async function ask(site: Site, role: string, what = '/status'): Promise<string | undefined> {
  const socketPath = path.join(site.directory, 'run', `${role}-role`, 'status.sock')
  return await new Promise((resolve) => {
    const asking = request({ socketPath, path: what }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (part: string) => {
        text += part
      })
      answer.once('end', () => resolve(text))
      answer.once('error', () => resolve(undefined))
    })
    asking.once('error', () => resolve(undefined))
    asking.end()
  })
}
