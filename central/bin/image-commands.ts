import { randomUUID } from 'node:crypto'
import type { Command } from 'commander'
import { isPrintableAscii } from '#central/intent/ascii.js'
import { AgentError } from '#errors.js'
import { type CentralOptions, collect, configOption, jsonOption } from './command-options.js'
import { findProject } from './find.js'
import { addRemove, count } from './flavor-commands.js'
import { printDone, printRows } from './print.js'
import { type Room, withRoom } from './room.js'

interface ImageOptions extends CentralOptions {
  readonly os: string
  readonly osparam?: readonly string[]
  readonly osparamSecret?: readonly string[]
  readonly hvparam?: readonly string[]
  readonly property?: readonly string[]
  readonly minDisk: string
  readonly minRam: string
  readonly id?: string
  readonly project?: string
}

/** `image …` */
export function addImageCommands(image: Command): void {
  const pair = 'KEY=VALUE; may come more than once'
  image
    .command('add')
    .description('make an image: an OS of Ganeti’s with its parameters')
    .argument('<name>')
    .requiredOption('--os <os>', 'Ganeti’s name with its variant: snf-image+default')
    .option(
      '--osparam <pair>',
      `parameter of the OS, ${pair}; {{config_url}}, {{hostname}} and others are filled in`,
      collect,
    )
    .option(
      '--osparam-secret <pair>',
      `the same, kept out of Ganeti’s files: {{admin_pass}}, {{ssh_keys}}, {{user_data}}`,
      collect,
    )
    .option('--hvparam <pair>', `parameter of the hypervisor, ${pair}`, collect)
    .option('--property <pair>', `what clients see, ${pair}`, collect)
    .option('--min-disk <gib>', 'GiB that a flavor must have', '0')
    .option('--min-ram <mib>', 'MiB that it must have', '0')
    .option('--id <uuid>', 'default: a new one')
    .option('--project <project>', 'only for this project')
    .addOption(jsonOption())
    .addOption(configOption())
    .action((name: string, options: ImageOptions) =>
      withRoom(options, (room) => addImage(room, name, options)),
    )
  image
    .command('list')
    .description('all images')
    .addOption(jsonOption())
    .addOption(configOption())
    .action((options: CentralOptions) => withRoom(options, (room) => listImages(room, options)))
  addRemove(image, 'images')
}

async function addImage(room: Room, name: string, options: ImageOptions): Promise<void> {
  const { store, nowMs } = room
  const project =
    options.project === undefined ? undefined : await findProject(store, options.project)
  const [osparams, secrets, hvparams] = [
    pairsOf('--osparam', options.osparam),
    pairsOf('--osparam-secret', options.osparamSecret),
    pairsOf('--hvparam', options.hvparam),
  ]
  const toGaneti = JSON.stringify([options.os, osparams, secrets, hvparams])
  if (!isPrintableAscii(toGaneti)) {
    throw new AgentError('USAGE', 'what goes to Ganeti may hold printable ASCII only')
  }
  const id = options.id ?? randomUUID()
  const row = {
    ...{ id, name, os_type: options.os, osparams: JSON.stringify(osparams) },
    ...{ osparams_secret: JSON.stringify(secrets), hvparams: JSON.stringify(hvparams) },
    properties: JSON.stringify(pairsOf('--property', options.property)),
    min_disk_gib: count('--min-disk', options.minDisk, 0),
    min_ram_mib: count('--min-ram', options.minRam, 0),
    is_public: project === undefined ? (1 as const) : (0 as const),
    ...{ project_id: project?.id ?? null, deleted_ms: null },
    ...{ created_ms: nowMs(), updated_ms: nowMs() },
  } as const
  await store.write((tx) => tx.insertInto('images').values(row).execute())
  printDone(`image ${name}: ${id}`, { id, name }, options)
}

async function listImages({ store }: Room, options: CentralOptions): Promise<void> {
  const rows = await store.read
    .selectFrom('images')
    .selectAll()
    .where('deleted_ms', 'is', null)
    .orderBy('name')
    .execute()
  const shown = rows.map((row) => ({
    ...{ id: row.id, name: row.name, os: row.os_type, public: row.is_public === 1 },
    ...{ min_disk_gib: row.min_disk_gib, min_ram_mib: row.min_ram_mib, project: row.project_id },
  }))
  const columns = ['id', 'name', 'os', 'public', 'min_disk_gib', 'min_ram_mib']
  printRows(shown, { ...options, columns, none: 'no image: okeanid-central image add' })
}

function pairsOf(option: string, texts: readonly string[] = []): Readonly<Record<string, string>> {
  return Object.fromEntries(
    texts.map((text) => {
      const [, key, value] = /^([^=]+)=([\s\S]*)$/.exec(text) ?? []
      if (key === undefined || value === undefined) {
        throw new AgentError('USAGE', `${option} ${text}: wants KEY=VALUE`)
      }
      return [key, value]
    }),
  )
}
