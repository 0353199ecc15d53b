/** A tenant's name for something. */
export const name = { type: 'string', maxLength: 255 } as const

/** Which project something is made for, as admins may say. */
export const projectKeys = {
  tenant_id: { type: 'string', maxLength: 64 },
  project_id: { type: 'string', maxLength: 64 },
} as const

/** The number of something, as a text. */
export const reference = { type: ['string', 'integer'], maxLength: 64 } as const

/** An address. */
export const address = { type: 'string', maxLength: 64 } as const
