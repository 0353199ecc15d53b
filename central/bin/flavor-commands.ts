import type { Command } from 'commander'
import { AgentError } from '#errors.js'
import { type CentralOptions, configOption, jsonOption } from './command-options.js'
import { missing } from './find.js'
import { printDone, printRows } from './print.js'
import { type Room, withRoom } from './room.js'

interface FlavorOptions extends CentralOptions {
  readonly vcpus: string
  readonly ram: string
  readonly disk: string
  readonly diskTemplate: string
  readonly id?: string
  readonly private?: true
}

/** `flavor …` */
export function addFlavorCommands(flavor: Command): void {
  flavor
    .command('add')
    .description('make a flavor')
    .argument('<name>')
    .requiredOption('--vcpus <count>')
    .requiredOption('--ram <mib>', 'MiB')
    .requiredOption('--disk <gib>', 'GiB; 0 for none')
    .option('--disk-template <template>', 'Ganeti’s; without it whatever the cluster has first', '')
    .option('--id <id>', 'default: the name')
    .option('--private', 'only admins use it')
    .addOption(jsonOption())
    .addOption(configOption())
    .action((name: string, options: FlavorOptions) =>
      withRoom(options, (room) => addFlavor(room, name, options)),
    )
  flavor
    .command('list')
    .description('all flavors')
    .addOption(jsonOption())
    .addOption(configOption())
    .action((options: CentralOptions) => withRoom(options, (room) => listFlavors(room, options)))
  addRemove(flavor, 'flavors')
}

/** `flavor remove` and `image remove` */
export function addRemove(parent: Command, table: 'flavors' | 'images'): void {
  const noun = table.slice(0, -1)
  parent
    .command('remove')
    .description(`offer a ${noun} no more; servers that have it keep it`)
    .argument(`<${noun}>`, 'name or id')
    .addOption(configOption())
    .action((nameOrId: string, options: CentralOptions) =>
      withRoom(options, async ({ store, nowMs }) => {
        const { numUpdatedRows } = await store.write((tx) =>
          tx
            .updateTable(table)
            .set({ deleted_ms: nowMs() })
            .where((is) => is.or([is('id', '=', nameOrId), is('name', '=', nameOrId)]))
            .where('deleted_ms', 'is', null)
            .executeTakeFirst(),
        )
        if (numUpdatedRows === 0n) throw missing(noun, nameOrId)
        printDone(`${noun} ${nameOrId} is offered no more`, { id: nameOrId }, options)
      }),
    )
}

async function addFlavor({ store }: Room, name: string, options: FlavorOptions): Promise<void> {
  const id = options.id ?? name
  const row = {
    ...{ id, name, vcpus: count('--vcpus', options.vcpus, 1) },
    ...{ ram_mib: count('--ram', options.ram, 1), disk_gib: count('--disk', options.disk, 0) },
    ...{ disk_template: options.diskTemplate, deleted_ms: null },
    is_public: options.private ? (0 as const) : (1 as const),
  }
  if (!/^[\w.:-]{1,255}$/.test(id))
    throw new AgentError('USAGE', '--id wants letters, digits, . : _ -')
  await store.write(async (tx) => {
    const other = await tx
      .selectFrom('flavors')
      .select('id')
      .where('id', '=', id)
      .executeTakeFirst()
    if (other !== undefined)
      throw new AgentError('USAGE', `there is, or was, a flavor ${id}: give another --id`)
    await tx.insertInto('flavors').values(row).execute()
  })
  printDone(`flavor ${name}: ${id}`, { id, name }, options)
}

async function listFlavors({ store }: Room, options: CentralOptions): Promise<void> {
  const rows = await store.read
    .selectFrom('flavors')
    .selectAll()
    .where('deleted_ms', 'is', null)
    .orderBy('id')
    .execute()
  const shown = rows.map((row) => ({
    ...{ id: row.id, name: row.name, vcpus: row.vcpus, ram_mib: row.ram_mib },
    ...{ disk_gib: row.disk_gib, disk_template: row.disk_template, public: row.is_public === 1 },
  }))
  const columns = ['id', 'name', 'vcpus', 'ram_mib', 'disk_gib', 'disk_template', 'public']
  printRows(shown, { ...options, columns, none: 'no flavor: okeanid-central flavor add' })
}

/** A number of an option. @throws AgentError USAGE */
export function count(option: string, text: string, min: number): number {
  if (/^\d{1,9}$/.test(text) && Number(text) >= min) return Number(text)
  throw new AgentError('USAGE', `${option} wants a whole number, ${min} or more`)
}
