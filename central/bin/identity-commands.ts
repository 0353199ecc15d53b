import { type Command, Option } from 'commander'
import { hashPassword } from '#central/identity/passwords.js'
import {
  assignRole,
  createProject,
  createUser,
  enableUser,
  type Role,
  setPassword,
} from '#central/identity/users.js'
import type { Change } from '#central/store/store.js'
import { printLine } from '#service/log.js'
import { type CentralOptions, configOption, jsonOption } from './command-options.js'
import { findProject, findUser, notTaken } from './find.js'
import { printDone, printRows } from './print.js'
import { readSecret } from './read-secret.js'
import { type Room, withRoom } from './room.js'

/** Of commands that take a password. */
export type PasswordOptions = CentralOptions & { readonly passwordFile?: string }

/** `--password-file FILE` */
export function passwordOption(): Option {
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

/** `project …` and `user …` */
export function addIdentityCommands(central: Command): void {
  addProjects(central.command('project').description('projects (tenants)'))
  addUsers(central.command('user').description('who may log in'))
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

/** What is kept of a new password. */
export async function newPassword(name: string, options: PasswordOptions): Promise<string> {
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

/** Makes a user, with a role when there is a project. */
export async function makeUser(
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
