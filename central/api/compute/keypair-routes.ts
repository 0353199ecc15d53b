import type { FastifyInstance } from 'fastify'
import { requireCaller } from '#central/api/caller.js'
import type { Context } from '#central/api/context.js'
import { Fault } from '#central/api/fault.js'
import { answers } from '#central/api/routes.js'
import { generateKey, parsePublicKey } from '#central/server/ssh-key.js'
import { isoTime } from './server-view.js'

const tags = ['keypairs']

const base = '/compute/v2.1/os-keypairs'

const createBody = {
  type: 'object',
  required: ['keypair'],
  properties: {
    keypair: {
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[a-zA-Z0-9 ._@-]+$' },
        public_key: { type: ['string', 'null'], maxLength: 16_384 },
        type: { type: 'string', enum: ['ssh', 'x509'] },
      },
    },
  },
} as const

interface CreateBody {
  readonly keypair: {
    readonly name: string
    readonly public_key?: string | null
    readonly type?: 'ssh' | 'x509'
  }
}

/** A user's public SSH keys. */
export function keypairRoutes(app: FastifyInstance, { store, config, nowMs }: Context): void {
  const own = (userId: string) =>
    store.read.selectFrom('keypairs').selectAll().where('user_id', '=', userId)

  app.get(
    base,
    { schema: { tags, summary: 'Key pairs', ...answers(200, '`{"keypairs": [..]}`') } },
    async (request) => {
      const { userId } = requireCaller(request)
      const rows = await own(userId).orderBy('name').execute()
      return {
        keypairs: rows.map(({ name, public_key, fingerprint, type }) => ({
          keypair: { name, public_key, fingerprint, ...typed(request.microversion, type) },
        })),
      }
    },
  )
  app.post<{ Body: CreateBody }>(
    base,
    {
      schema: {
        tags,
        summary: 'Keep a public key, or make a pair whose private key is told once',
        body: createBody,
        ...answers(200, '`{"keypair": {..}}`; 201 from 2.2 on'),
      },
    },
    async (request, reply) => {
      const { userId } = requireCaller(request)
      const { name, public_key: given, type = 'ssh' } = request.body.keypair
      if (type !== 'ssh') throw new Fault('badRequest', 'keys of type ssh only')
      const made = given === undefined || given === null ? await generateKey() : undefined
      const key = parsePublicKey(made?.publicKey ?? given ?? '')
      if (key === undefined)
        throw new Fault('badRequest', 'Keypair data is invalid: failed to read the public key')
      const values = {
        user_id: userId,
        name,
        public_key: key.text,
        fingerprint: key.fingerprint,
        type: 'ssh',
        created_ms: nowMs(),
      } as const
      await store.write(async (tx) => {
        const rows = await tx
          .selectFrom('keypairs')
          .select('name')
          .where('user_id', '=', userId)
          .execute()
        const limit = config.quota.keypairs
        if (rows.some((row) => row.name === name)) {
          throw new Fault('conflictingRequest', `Key pair '${name}' already exists.`)
        }
        if (limit >= 0 && rows.length >= limit) {
          throw new Fault('forbidden', 'Quota exceeded, too many key pairs.')
        }
        await tx.insertInto('keypairs').values(values).execute()
      })
      const { public_key, fingerprint } = values
      const pair = { name, public_key, fingerprint, user_id: userId }
      reply.code(request.microversion >= 2 ? 201 : 200)
      return {
        keypair: {
          ...pair,
          ...typed(request.microversion, 'ssh'),
          ...(made && { private_key: made.privateKey }),
        },
      }
    },
  )
  app.get<{ Params: { name: string } }>(
    `${base}/:name`,
    { schema: { tags, summary: 'A key pair', ...answers(200, '`{"keypair": {..}}`') } },
    async (request) => {
      const { userId } = requireCaller(request)
      const row = await own(userId).where('name', '=', request.params.name).executeTakeFirst()
      if (row === undefined) throw missing(request.params.name)
      return {
        keypair: {
          name: row.name,
          public_key: row.public_key,
          fingerprint: row.fingerprint,
          user_id: userId,
          id: 0,
          created_at: isoTime(row.created_ms),
          updated_at: null,
          deleted: false,
          deleted_at: null,
          ...typed(request.microversion, row.type),
        },
      }
    },
  )
  app.delete<{ Params: { name: string } }>(
    `${base}/:name`,
    { schema: { tags, summary: 'Forget a key pair', ...answers(202, 'done; 204 from 2.2 on') } },
    async (request, reply) => {
      const { userId } = requireCaller(request)
      const { name } = request.params
      const { numDeletedRows } = await store.write((tx) =>
        tx
          .deleteFrom('keypairs')
          .where('user_id', '=', userId)
          .where('name', '=', name)
          .executeTakeFirst(),
      )
      if (numDeletedRows === 0n) throw missing(name)
      return await reply.code(request.microversion >= 2 ? 204 : 202).send()
    },
  )
}

/** The type is told from 2.2 on. */
function typed(microversion: number, type: string) {
  return microversion >= 2 ? { type } : {}
}

function missing(name: string): Fault {
  return new Fault('itemNotFound', `Keypair ${name} not found.`)
}
