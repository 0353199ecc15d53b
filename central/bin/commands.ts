/**
 * The sub-commands of okeanid-central, for commander. What a group of commands does is in the file of its name.
 */
import { Command, CommanderError } from 'commander'
import { packageVersion } from '#service/version.js'
import { addBackupCommands } from './backup-commands.js'
import { addClusterCommands } from './cluster-commands.js'
import { type CentralOptions, configFile, configOption, jsonOption } from './command-options.js'
import { addDeadLetterCommands } from './dead-letter-commands.js'
import { addFlavorCommands } from './flavor-commands.js'
import { addIdentityCommands } from './identity-commands.js'
import { addImageCommands } from './image-commands.js'
import { addNetworkCommands } from './network-commands.js'
import { addPoolCommands } from './pool-commands.js'
import { addReconcileCommands } from './reconcile-commands.js'
import { addReloadCommand } from './reload.js'
import { addStartCommands } from './start-commands.js'

/** All commands. An action's failure, and one of usage, is an error of `parseAsync`. */
export function program(): Command {
  const central = new Command('okeanid-central')
    .description('Central API of Ganeti clusters: OpenStack’s clients on top, Ganeti below.')
    .version(packageVersion())
    .configureHelp({ helpWidth: 100 })
    .showHelpAfterError('(okeanid-central --help, okeanid-central COMMAND --help)')
    .exitOverride()
  central
    .command('serve')
    .description('run the service in the foreground; systemd does that as okeanid-central.service')
    .addOption(configOption())
    .action(async (options: CentralOptions) => {
      const { serve } = await import('./serve.js')
      await serve(options, { environment: process.env })
    })
  central
    .command('migrate')
    .description('bring the store to this version; serve and all other commands do so themselves')
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (options: CentralOptions) => {
      const { migrateStore } = await import('./migrate.js')
      await migrateStore(options)
    })
  addConfigCommands(central.command('config').description('the configuration'))
  addStartCommands(central)
  addReloadCommand(central)
  addIdentityCommands(central)
  addClusterCommands(central.command('cluster').description('Ganeti clusters'))
  addFlavorCommands(central.command('flavor').description('sizes of servers'))
  addImageCommands(central.command('image').description('what is installed on servers'))
  addNetworkCommands(central)
  addPoolCommands(central)
  addReconcileCommands(central)
  addBackupCommands(central)
  addDeadLetterCommands(
    central.command('dead-letters').description('messages that could not be taken'),
  )
  return central
}

function addConfigCommands(config: Command): void {
  const commands = {
    check: 'say whether the configuration can be used; every fault with file, section and key',
    show: 'print every effective value and where it comes from; passwords are masked',
  }
  for (const [name, description] of Object.entries(commands)) {
    config
      .command(name)
      .description(description)
      .addOption(jsonOption())
      .addOption(configOption())
      .action(async (options: CentralOptions) => {
        const { checkConfig, showConfig } = await import('./config.js')
        await (name === 'check' ? checkConfig : showConfig)(configFile(options), options)
      })
  }
}

/** Whether commander ended a command, with what exit code: help and version are 0, all else is wrong usage. */
export function usageExitCode(error: unknown): number | undefined {
  return error instanceof CommanderError ? error.exitCode : undefined
}
