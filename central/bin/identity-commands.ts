import { type Command, Option } from 'commander'
import { hashPassword } from '#central/identity/passwords.js'
import { issueToken } from '#central/identity/tokens.js'
import {
  assignRole,
  createProject,
  createUser,
  enableUser,
  type Role,
  setPassword,
} from '#central/identity/users.js'
import type { Change } from '#central/store/store.js'
import { AgentError } from '#errors.js'
import { printLine } from '#service/log.js'
import { type CentralOptions, configOption, jsonOption } from './command-options.js'
import { findProject, findUser, notTaken } from './find.js'
import { printDone, printRows } from './print.js'
import { readSecret } from './read-secret.js'
import { type Room, withRoom } from './room.js'

type PasswordOptions = CentralOptions & { readonly passwordFile?: string }

function passwordOption(): Option {
  return new Option(
    '--password-file <file>',
    'file with the password in its first line, - for standard input; without it you are asked',
  )
}

function roleOption(): Option {
  return new Option('--role <role>', 'what the user may do there')
    .choices(['member', 'admin'])
    .default('member')
}

/** `init`, `project …`, `user …`, `token …` */
export function addIdentityCommands(central: Command): void {
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
  addProjects(central.command('project').description('projects (tenants)'))
  addUsers(central.command('user').description('who may log in'))
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

function addProjects(project: Command): void {
  project
    .command('add')
    .description('make a project')
    .argument('<name>')
    .option('--description <text>', 'what it is for', '')
    .addOption(jsonOption())
    .addOption(configOption())
    .action((name: string, options: CentralOptions & { readonly description: string }) =>
      withRoom(options, async ({ store, nowMs }) => {
        await notTaken(store, 'projects', name)
        const made = { name, description: options.description, nowMs: nowMs() }
        const id = await store.write((tx) => createProject(tx, made))
        printDone(`project ${name}: ${id}`, { id, name }, options)
      }),
    )
  project
    .command('list')
    .description('all projects')
    .addOption(jsonOption())
    .addOption(configOption())
    .action((options: CentralOptions) =>
      withRoom(options, async ({ store }) => {
        const rows = await store.read.selectFrom('projects').selectAll().orderBy('name').execute()
        const shown = rows.map((row) => ({
          ...{ id: row.id, name: row.name, enabled: row.is_enabled === 1 },
          description: row.description,
        }))
        const columns = ['id', 'name', 'enabled', 'description']
        printRows(shown, { ...options, columns, none: 'no project: okeanid-central init' })
      }),
    )
}

function addUsers(user: Command): void {
  user
    .command('add')
    .description('make a user')
    .argument('<name>')
    .option('--project <project>', 'name or id of a project where the user has the role')
    .addOption(roleOption())
    .addOption(passwordOption())
    .addOption(jsonOption())
    .addOption(configOption())
    .action((name: string, options: PasswordOptions & { project?: string; role: Role }) =>
      withRoom(options, (room) => addUser(room, name, options)),
    )
  user
    .command('list')
    .description('all users with their roles')
    .addOption(jsonOption())
    .addOption(configOption())
    .action((options: CentralOptions) => withRoom(options, (room) => listUsers(room, options)))
  user
    .command('password')
    .description('change a password; every token of the user ends')
    .argument('<user>', 'name or id')
    .addOption(passwordOption())
    .addOption(configOption())
    .action((user: string, options: PasswordOptions) =>
      withRoom(options, async ({ store }) => {
        const { id, name } = await findUser(store, user)
        const passwordHash = await newPassword(name, options)
        await store.write((tx) => setPassword(tx, { userId: id, passwordHash }))
        printLine(`${name} has a new password`)
      }),
    )
  user
    .command('grant')
    .description('give a user a role in a project')
    .argument('<user>', 'name or id')
    .argument('<project>', 'name or id')
    .addOption(roleOption())
    .addOption(configOption())
    .action((user: string, project: string, options: CentralOptions & { readonly role: Role }) =>
      withRoom(options, async ({ store }) => {
        const [one, where] = [await findUser(store, user), await findProject(store, project)]
        const grant = { userId: one.id, projectId: where.id, role: options.role }
        await store.write((tx) => assignRole(tx, grant))
        printLine(`${one.name} is ${options.role} of ${where.name}`)
      }),
    )
  user
    .command('remove')
    .description('keep a user out: every token ends, and no login succeeds; what is theirs stays')
    .argument('<user>', 'name or id')
    .addOption(configOption())
    .action((user: string, options: CentralOptions) =>
      withRoom(options, async ({ store }) => {
        const { id, name } = await findUser(store, user)
        await store.write((tx) => enableUser(tx, { userId: id, isEnabled: false }))
        printLine(`${name} is kept out`)
      }),
    )
}

async function newPassword(name: string, options: PasswordOptions): Promise<string> {
  const file = options.passwordFile
  return await hashPassword(await readSecret(`password of ${name}`, { file, isNew: true }))
}

async function addUser(
  { store, nowMs }: Room,
  name: string,
  options: PasswordOptions & { readonly project?: string; readonly role: Role },
): Promise<void> {
  await notTaken(store, 'users', name)
  const project =
    options.project === undefined ? undefined : await findProject(store, options.project)
  const passwordHash = await newPassword(name, options)
  const { role } = options
  const id = await store.write((tx) =>
    makeUser(tx, { name, passwordHash, projectId: project?.id, role, nowMs: nowMs() }),
  )
  const where = project === undefined ? '' : `, ${role} of ${project.name}`
  printDone(`user ${name}: ${id}${where}`, { id, name, project_id: project?.id ?? null }, options)
}

async function makeUser(
  tx: Change,
  {
    name,
    passwordHash,
    projectId,
    role,
    nowMs,
  }: {
    readonly name: string
    readonly passwordHash: string
    readonly projectId: string | undefined
    readonly role: Role
    readonly nowMs: number
  },
): Promise<string> {
  const defaultProject = projectId === undefined ? {} : { defaultProjectId: projectId }
  const userId = await createUser(tx, { name, passwordHash, nowMs, ...defaultProject })
  if (projectId !== undefined) await assignRole(tx, { userId, projectId, role })
  return userId
}

async function listUsers({ store }: Room, options: CentralOptions): Promise<void> {
  const rows = await store.read.selectFrom('users').selectAll().orderBy('name').execute()
  const roles = await store.read
    .selectFrom('role_assignments')
    .innerJoin('projects', 'projects.id', 'role_assignments.project_id')
    .select(['user_id', 'role', 'projects.name as project'])
    .orderBy('projects.name')
    .execute()
  const shown = rows.map((row) => ({
    ...{ id: row.id, name: row.name, enabled: row.is_enabled === 1 },
    roles: roles
      .filter((one) => one.user_id === row.id)
      .map(({ role, project }) => `${role} of ${project}`)
      .join(', '),
  }))
  const columns = ['id', 'name', 'enabled', 'roles']
  printRows(shown, { ...options, columns, none: 'no user: okeanid-central init' })
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
  const url = publicUrl || `${certFile === '' ? 'http' : 'https'}://${listen}:${port}`
  printLine(`export OS_AUTH_URL=${url}/v3`)
  printLine('export OS_IDENTITY_API_VERSION=3')
  printLine(`export OS_USERNAME=${name} OS_USER_DOMAIN_ID=default`)
  printLine(`export OS_PROJECT_NAME=${project} OS_PROJECT_DOMAIN_ID=default`)
  printLine(`export OS_REGION_NAME=${config.identity.region}`)
  printLine('# and OS_PASSWORD, or the client asks for it')
}
