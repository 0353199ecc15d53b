/** Text that people read: not empty, no control characters. */
const name = {
  type: 'string',
  minLength: 1,
  maxLength: 255,
  pattern: '^(?!\\s*$)[^\\u0000-\\u001f\\u007f]+$',
} as const

/** Notes. */
export const metadataSchema = {
  type: 'object',
  additionalProperties: { type: 'string', maxLength: 255 },
  propertyNames: { minLength: 1, maxLength: 255, pattern: '^[a-zA-Z0-9_:. -]+$' },
} as const

const reference = { type: 'string', minLength: 1, maxLength: 2048 } as const

const password = { type: 'string', minLength: 1, maxLength: 255 } as const

const personality = {
  type: 'array',
  maxItems: 100,
  items: {
    type: 'object',
    required: ['path', 'contents'],
    properties: {
      path: { type: 'string', minLength: 1, maxLength: 255 },
      contents: { type: 'string' },
    },
  },
} as const

/** Body of `POST /servers`. */
export const createBody = {
  type: 'object',
  required: ['server'],
  properties: {
    server: {
      type: 'object',
      required: ['name', 'flavorRef', 'imageRef'],
      properties: {
        name,
        flavorRef: { type: ['string', 'integer'], maxLength: 2048 },
        imageRef: reference,
        key_name: { type: ['string', 'null'], maxLength: 255 },
        metadata: metadataSchema,
        adminPass: password,
        user_data: { type: ['string', 'null'] },
        personality,
        min_count: { type: ['integer', 'string'] },
        max_count: { type: ['integer', 'string'] },
        networks: {
          oneOf: [
            { type: 'string', enum: ['auto', 'none'] },
            {
              type: 'array',
              maxItems: 32,
              items: {
                type: 'object',
                properties: {
                  uuid: { type: ['string', 'integer'] },
                  port: { type: ['string', 'integer', 'null'] },
                  fixed_ip: { type: ['string', 'null'], maxLength: 64 },
                },
              },
            },
          ],
        },
      },
    },
  },
} as const

/** Body of `PUT /servers/{id}`. */
export const renameBody = {
  type: 'object',
  required: ['server'],
  properties: { server: { type: 'object', properties: { name } } },
} as const

/** Argument of the action `rebuild`. */
export const rebuildBody = {
  type: 'object',
  required: ['imageRef'],
  properties: {
    imageRef: reference,
    name,
    adminPass: password,
    metadata: metadataSchema,
    personality,
  },
} as const

/** A body that `createBody` allows. */
export interface CreateBody {
  readonly server: {
    readonly name: string
    readonly flavorRef: string | number
    readonly imageRef: string
    readonly key_name?: string | null
    readonly metadata?: Readonly<Record<string, string>>
    readonly adminPass?: string
    readonly user_data?: string | null
    readonly personality?: readonly { readonly path: string; readonly contents: string }[]
    readonly min_count?: number | string
    readonly max_count?: number | string
    readonly networks?: 'auto' | 'none' | readonly WantedNetwork[]
  }
}

/** A network of a body. */
export interface WantedNetwork {
  readonly uuid?: string | number
  readonly port?: string | number | null
  readonly fixed_ip?: string | null
}

/** An argument that `rebuildBody` allows. */
export interface RebuildBody {
  readonly imageRef: string
  readonly name?: string
  readonly adminPass?: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly personality?: readonly { readonly path: string; readonly contents: string }[]
}
