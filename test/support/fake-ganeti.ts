import type { RapiRequest } from '#central/intent/rapi-request.js'
import { takeMessages } from '#central/update/take-messages.js'
import type { CentralApp } from './central-app.js'

/** Plays Ganeti and its agents: what is asked for becomes a job that succeeds, and messages tell it. */
export interface FakeGaneti {
  /** Everything that was asked, in order: `PUT /2/instances/snf-1/startup`. */
  readonly asked: readonly string[]
  /** Does all that is pending, and what comes of it. */
  settle(): Promise<void>
}

type Fact = Readonly<Record<string, unknown>>

/** A cluster that does everything at once. */
export function openFakeGaneti({
  store,
  context,
}: Pick<CentralApp, 'store' | 'context'>): FakeGaneti {
  const asked: string[] = []
  const nics = new Map<string, Fact[]>()
  let jobId = 100
  let seconds = 1_700_000_000
  let macCount = 0

  async function tell(facts: readonly Fact[]): Promise<void> {
    const messages = facts.map((fact, index) => {
      seconds += 1
      const body = { cluster: 'cluster.example.org', event_time: [seconds, 0], ...fact }
      return {
        messageId: `fake.${seconds}.${index}`,
        routingKey: 'ganeti.snf.event.op',
        headers: {},
        body: JSON.stringify(body),
        userId: undefined,
      }
    })
    await store.write((tx) => takeMessages(tx, context, messages))
  }

  function withMac(nic: Fact): Fact {
    macCount += 1
    const mac = `aa:00:00:00:00:${macCount.toString(16).padStart(2, '0')}`
    return { ...nic, mac, uuid: `uuid-${macCount}`, mode: 'bridged', link: 'br0' }
  }

  /** The ops of a request's job, each with what a message tells of it. */
  function opsOf({ method, path, body = {} }: RapiRequest): readonly Fact[] {
    const [, , kind, target = '', verb = ''] = path.split('/')
    const key = `${method} ${kind} ${verb}`.trim()
    const instance = target === '' ? String(body['name']) : target
    const op = (operation: string, more: Fact = {}): Fact => ({
      type: 'ganeti-op-status',
      instance,
      operation: `OP_INSTANCE_${operation}`,
      status: 'success',
      logmsg: null,
      result: null,
      job_fields: {},
      instance_nics: nics.get(instance) ?? [],
      ...more,
    })
    const network = (operation: string, more: Fact = {}): Fact => ({
      type: 'ganeti-network-status',
      network: target === '' ? String(body['network_name']) : target,
      operation: `OP_NETWORK_${operation}`,
      status: 'success',
      logmsg: null,
      job_fields: more,
    })
    switch (key) {
      case 'POST instances': {
        nics.set(instance, (body['nics'] as Fact[]).map(withMac))
        return [op('CREATE', { result: ['node1.example.org'] })]
      }
      case 'DELETE instances':
        return [op('REMOVE')]
      case 'PUT instances startup':
        return [op('STARTUP')]
      case 'PUT instances shutdown':
        return [op('SHUTDOWN')]
      case 'POST instances reboot':
        return [op('REBOOT')]
      case 'POST instances reinstall':
        return [op('SHUTDOWN'), op('REINSTALL'), op('STARTUP')]
      case 'PUT instances modify':
        change(instance, body['nics'] as readonly (readonly [string, string, Fact])[] | undefined)
        return [op('SET_PARAMS', { job_fields: { beparams: body['beparams'] } })]
      case 'POST networks':
        return [network('ADD', { subnet: body['network'], gateway: body['gateway'] ?? null })]
      case 'PUT networks connect':
        return [network('CONNECT', { group_name: body['group_name'] })]
      case 'PUT networks disconnect':
        return [network('DISCONNECT', { group_name: body['group_name'] })]
      case 'DELETE networks':
        return [network('REMOVE')]
      default:
        return []
    }
  }

  function change(
    instance: string,
    steps: readonly (readonly [string, string, Fact])[] | undefined = [],
  ): void {
    const before = nics.get(instance) ?? []
    let after = [...before]
    for (const [verb, name, nic] of steps) {
      if (verb === 'add') after.push(withMac(nic))
      else after = after.filter((one) => one['name'] !== name)
    }
    nics.set(instance, after)
  }

  async function next(): Promise<boolean> {
    const intent = await store.read
      .selectFrom('intents')
      .select(['id', 'request'])
      .where('status', '=', 'pending')
      .orderBy('id')
      .executeTakeFirst()
    if (intent === undefined) return false
    const request = JSON.parse(context.sealer.open(intent.request)) as RapiRequest
    asked.push(`${request.method} ${request.path}`)
    jobId += 1
    const submitted = { status: 'submitted', job_id: jobId } as const
    await store.write((tx) =>
      tx.updateTable('intents').set(submitted).where('id', '=', intent.id).execute(),
    )
    const ops = opsOf(request).map((op, index) => ({ ...op, jobId, op_index: index }))
    await tell([...ops, { type: 'ganeti-job-status', jobId, status: 'success', ops: [] }])
    return true
  }

  return {
    asked,
    async settle() {
      while (await next());
    },
  }
}
