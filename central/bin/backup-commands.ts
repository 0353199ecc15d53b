import { createReadStream } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { Command } from 'commander'
import { dumpStore, loadDump } from '#central/store/dump.js'
import { AgentError, systemCode } from '#errors.js'
import { type CentralOptions, configOption } from './command-options.js'
import { printDone } from './print.js'
import { withRoom } from './room.js'

/** `backup`, `restore` */
export function addBackupCommands(central: Command): void {
  central
    .command('backup')
    .description(
      'write the store to a file, as of one moment; the service goes on. Keep the secret key beside it',
    )
    .argument('<file>')
    .addOption(configOption())
    .action((file: string, options: CentralOptions) => backup(file, options))
  central
    .command('restore')
    .description('read a backup into a new, empty store, SQLite or PostgreSQL')
    .argument('<file>')
    .addOption(configOption())
    .action((file: string, options: CentralOptions) => restore(file, options))
}

async function backup(file: string, options: CentralOptions): Promise<void> {
  await withRoom(options, async ({ store }) => {
    const partial = `${file}.new`
    const handle = await open(partial, 'w', 0o600).catch((cause: unknown) => {
      throw unusable(file, 'written', cause)
    })
    let count = -1
    try {
      let text = ''
      await dumpStore(store, async (line) => {
        count += 1
        text += `${line}\n`
        if (text.length < 1 << 16) return
        await handle.write(text)
        text = ''
      })
      await handle.write(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    // Whole or not there at all.
    await rename(partial, file)
    printDone(`${file}: ${count} rows`, { file, rows: count }, options)
  })
}

async function restore(file: string, options: CentralOptions): Promise<void> {
  await withRoom(options, async ({ store }) => {
    const input = createReadStream(file)
    await new Promise<void>((resolve, reject) => {
      input.once('open', () => resolve())
      input.once('error', (cause) => reject(unusable(file, 'read', cause)))
    })
    const rows = await loadDump(store, createInterface({ input }))
    const next = 'then: okeanid-central reconcile'
    printDone(`${file}: ${rows} rows are restored; ${next}`, { file, rows }, options)
  })
}

function unusable(file: string, what: string, cause: unknown): AgentError {
  const why = systemCode(cause) ?? String(cause)
  return new AgentError('INPUT_UNREADABLE', `${file}: cannot be ${what} (${why})`, { cause })
}
