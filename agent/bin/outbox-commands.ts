import { type Command, InvalidArgumentError } from 'commander'
import { configFile, configOption, type JsonOptions, jsonOption } from './command-options.js'
import type { PurgeOptions } from './outbox-change.js'
import type { ListOptions } from './outbox-list.js'

/** Adds `okeanid outbox list|show|retry|purge`. */
export function addOutboxCommands(outbox: Command): void {
  outbox
    .command('list')
    .description(
      'what waits for the broker, how much of what, and what lies in the quarantine and why',
    )
    .option('--limit <count>', 'messages that wait to print; 0 for none', wholeNumber, 20)
    .option('--after <id>', 'begin behind this one, as the end of a page says', wholeNumber, 0)
    .option('--routing-key <key>', 'only messages with this routing key')
    .option('--subject <name>', 'only messages about this instance, job, network or node')
    .option('--quarantined', 'only the quarantine')
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (options: JsonOptions & ListOptions) => {
      const { listOutbox } = await import('./outbox-list.js')
      await listOutbox(configFile(options), options)
    })
  outbox
    .command('show')
    .description(
      'print one message, with its headers; what cannot be read is printed as hexadecimal',
    )
    .argument('<id>', 'number of a message, or name of a damaged piece, as outbox list prints them')
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (id: string, options: JsonOptions) => {
      const { showMessage } = await import('./outbox-show.js')
      await showMessage(configFile(options), { ...options, id })
    })
  outbox
    .command('retry')
    .description('put messages of the quarantine back; they are sent behind all that waits')
    .argument('[ids...]', 'numbers of messages, as outbox list prints them')
    .option('--all', 'every one')
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (ids: string[], options: JsonOptions & { readonly all?: true }) => {
      const { retryMessages } = await import('./outbox-change.js')
      await retryMessages(configFile(options), { ...options, ids })
    })
  outbox
    .command('purge')
    .description('throw messages away for good; asks first')
    .option('--quarantined', 'what lies in the quarantine')
    .option('--all', 'the quarantine, and every message that waits for the broker')
    .option('--yes', 'do not ask')
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (options: JsonOptions & PurgeOptions) => {
      const { purgeMessages } = await import('./outbox-change.js')
      await purgeMessages(configFile(options), options)
    })
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It wants a whole number.')
  return Number(text)
}
