import type { Command } from 'commander'
import { issueToken } from '#central/identity/tokens.js'
import { createProject } from '#central/identity/users.js'
import { AgentError } from '#errors.js'
import { printLine } from '#service/log.js'
import { type CentralOptions, configOption, jsonOption } from './command-options.js'
import { findProject, findUser } from './find.js'
import { makeUser, newPassword, type PasswordOptions, passwordOption } from './identity-commands.js'
import { printDone } from './print.js'
import { type Room, withRoom } from './room.js'

/** `init` and `token …` */
export function addStartCommands(central: Command): void {
  central
    .command('init')
    .description(
      'make the first admin with a project, and print the variables for the openstack client',
    )
    .option('--user <name>', 'name of the admin', 'admin')
    .option('--project <name>', 'name of the project', 'admin')
    .addOption(passwordOption())
    .addOption(configOption())
    .action((options: PasswordOptions & { readonly user: string; readonly project: string }) =>
      withRoom(options, (room) => init(room, options)),
    )
  const token = central.command('token').description('tokens')
  token
    .command('issue')
    .description('print a token of a user, without a password')
    .argument('<user>', 'name or id')
    .option('--project <project>', 'name or id; default: the user’s own')
    .addOption(jsonOption())
    .addOption(configOption())
    .action((user: string, options: CentralOptions & { readonly project?: string }) =>
      withRoom(options, (room) => issue(room, user, options)),
    )
}

async function issue(
  { store, config, nowMs }: Room,
  user: string,
  options: CentralOptions & { readonly project?: string },
): Promise<void> {
  const row = await findUser(store, user)
  const wanted = options.project ?? row.default_project_id
  const project = wanted === null ? undefined : await findProject(store, wanted)
  const expiresMs = nowMs() + config.identity.token_lifetime.ms
  const scope = { userId: row.id, projectId: project?.id, nowMs: nowMs(), expiresMs }
  const { token } = await store.write((tx) => issueToken(tx, scope))
  const expires = new Date(expiresMs).toISOString()
  printDone(token, { token, expires, project_id: project?.id ?? null }, options)
}

async function init(
  { store, config, nowMs }: Room,
  options: PasswordOptions & { readonly user: string; readonly project: string },
): Promise<void> {
  const taken = await store.read.selectFrom('users').select('name').executeTakeFirst()
  if (taken !== undefined) {
    throw new AgentError(
      'USAGE',
      `there are users, ${taken.name} for one: okeanid-central user add`,
    )
  }
  const { user: name, project } = options
  const passwordHash = await newPassword(name, options)
  await store.write(async (tx) => {
    const projectId = await createProject(tx, { name: project, nowMs: nowMs() })
    await makeUser(tx, { name, passwordHash, projectId, role: 'admin', nowMs: nowMs() })
  })
  const { public_url: publicUrl, listen, port, cert_file: certFile } = config.server
  // who listens on every address is reached from here by this one
  const host = ['0.0.0.0', '::'].includes(listen) ? '127.0.0.1' : listen
  const url = publicUrl || `${certFile === '' ? 'http' : 'https'}://${host}:${port}`
  printLine(`export OS_AUTH_URL=${url}/v3`)
  printLine('export OS_IDENTITY_API_VERSION=3')
  printLine(`export OS_USERNAME=${name} OS_USER_DOMAIN_ID=default`)
  printLine(`export OS_PROJECT_NAME=${project} OS_PROJECT_DOMAIN_ID=default`)
  printLine(`export OS_REGION_NAME=${config.identity.region}`)
  printLine('# and OS_PASSWORD, or the client asks for it')
}
