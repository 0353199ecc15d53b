const text = { type: 'string', maxLength: 2048 } as const

const reference = {
  type: 'object',
  properties: {
    id: text,
    name: text,
    domain: { type: 'object', properties: { id: text, name: text } },
  },
} as const

/** Body of `POST /v3/auth/tokens`. */
export const loginBodyV3 = {
  type: 'object',
  required: ['auth'],
  properties: {
    auth: {
      type: 'object',
      required: ['identity'],
      properties: {
        identity: {
          type: 'object',
          required: ['methods'],
          properties: {
            methods: { type: 'array', items: text, minItems: 1, maxItems: 8 },
            password: {
              type: 'object',
              required: ['user'],
              properties: {
                user: {
                  ...reference,
                  required: ['password'],
                  properties: { ...reference.properties, password: text },
                },
              },
            },
            token: { type: 'object', required: ['id'], properties: { id: text } },
          },
        },
        scope: {
          oneOf: [
            { type: 'string', const: 'unscoped' },
            { type: 'object', properties: { project: reference } },
          ],
        },
      },
    },
  },
} as const

/** Body of `POST /v2.0/tokens`. */
export const loginBodyV2 = {
  type: 'object',
  required: ['auth'],
  properties: {
    auth: {
      type: 'object',
      properties: {
        passwordCredentials: {
          type: 'object',
          required: ['username', 'password'],
          properties: { username: text, password: text },
        },
        token: { type: 'object', required: ['id'], properties: { id: text } },
        tenantId: text,
        tenantName: text,
      },
    },
  },
} as const
