/** What an agent can be; in the packages each is a service of its own, with a user and rights of its own. */
export const roleNames = ['events', 'responder', 'nics', 'hooks'] as const

/** One of {@link roleNames}. */
export type RoleName = (typeof roleNames)[number]
