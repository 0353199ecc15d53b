/**
 * The sub-commands of okeanid, for commander. Each command's own file is loaded only when it is called.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { packageVersion } from '#service/version.js'
import {
  type ConfigOptions,
  configFile,
  configOption,
  type JsonOptions,
  jsonOption,
} from './command-options.js'
import { addDhcpCommands } from './dhcp-commands.js'
import { addEventCommands } from './event-commands.js'
import { addScriptCommands } from './hook-commands.js'
import { addNicCommands } from './nic-commands.js'
import { addOutboxCommands } from './outbox-commands.js'
import { type RoleName, roleNames } from './role-names.js'

/** All commands. An action's failure, and one of usage, is an error of `parseAsync`. */
export function program(): Command {
  const okeanid = new Command('okeanid')
    .description(
      'Agent of a Ganeti node: publishes job events to RabbitMQ, gives guests their addresses.',
    )
    .version(packageVersion())
    .configureHelp({ helpWidth: 100 })
    .showHelpAfterError('(okeanid --help, okeanid COMMAND --help)')
    .exitOverride()
  okeanid
    .command('agent')
    .description('run the daemon in the foreground; systemd does that as okeanid-agent.service')
    .addOption(
      new Option('--role <role>', 'only this role; default: all in one process').choices(roleNames),
    )
    .addOption(configOption())
    .action(async (options: ConfigOptions & { readonly role?: RoleName }) => {
      const { runAgent } = await import('./agent.js')
      await runAgent(configFile(options), { ...options, environment: process.env })
    })
  okeanid
    .command('reload')
    .description('have running roles read their configuration anew; systemctl reload does it')
    .addOption(new Option('--role <role>', 'only this role; default: all').choices(roleNames))
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (options: JsonOptions & { readonly role?: RoleName }) => {
      const { reloadRoles } = await import('./reload.js')
      await reloadRoles(configFile(options), options)
    })
  okeanid
    .command('status')
    .description(
      'how the agent on this node is: master or not, backlog, broker, what was read and sent',
    )
    .addOption(jsonOption())
    .option('--metrics', 'the counters in Prometheus’ text format')
    .option('--all', 'all nodes of the cluster, from the master: versions, drift, backlog, roles')
    .addOption(
      new Option('--timeout <seconds>', 'with --all: how long a node may take to answer')
        .argParser(secondsOf)
        .default(15),
    )
    .addOption(configOption())
    .action(async ({ all, timeout, ...options }: StatusOptions) => {
      if (all) {
        const { printStatusOfAll } = await import('./status-all.js')
        await printStatusOfAll(configFile(options), { ...options, timeoutSeconds: timeout })
        return
      }
      const { printStatus } = await import('./status.js')
      await printStatus(configFile(options), options)
    })
  okeanid
    .command('doctor')
    .description('check this host: one line a finding, each with its cure')
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (options: JsonOptions) => {
      const { printDoctor } = await import('./doctor.js')
      await printDoctor(configFile(options), options)
    })
  addEventCommands(okeanid.command('events').description('what this node tells'))
  addOutboxCommands(
    okeanid.command('outbox').description('messages that wait for the broker, and the quarantine'),
  )
  okeanid
    .command('progress')
    .description('tell what the install of an image says of itself: JSON objects on standard input')
    .argument('<instance>', 'name of the instance that is being installed')
    .option(
      '--spool <dir>',
      'where it is left for the events role, instead of what the configuration says',
    )
    .addOption(configOption())
    .action(async (instance: string, options: ConfigOptions & { readonly spool?: string }) => {
      const { followInstall } = await import('./progress.js')
      await followInstall(instance, { ...configFile(options), spool: options.spool })
    })
  addDhcpCommands(okeanid.command('dhcp').description('what guests ask and are told'))
  addQueueing(
    okeanid.command('queueing').description('the rules that bring guests’ packets into our queues'),
  )
  addNicCommands(okeanid.command('nic').description('NICs: set up, shown, kept right'))
  addHooks(okeanid.command('hooks').description('the scripts by which Ganeti calls okeanid'))
  addConfig(okeanid.command('config').description('the configuration'))
  return okeanid
}

interface StatusOptions extends JsonOptions {
  readonly metrics?: true
  readonly all?: true
  readonly timeout: number
}

function secondsOf(text: string): number {
  const seconds = Number(text)
  if (!(seconds >= 1 && seconds <= 600))
    throw new InvalidArgumentError('It wants a number of seconds from 1 to 600.')
  return seconds
}

function addQueueing(queueing: Command): void {
  queueing
    .command('show')
    .description('who manages the rules, for which taps, and what differs from what bindings ask')
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (options: JsonOptions) => {
      const { showQueueing } = await import('./queueing.js')
      await showQueueing(configFile(options), options)
    })
  queueing
    .command('remove')
    .description('take all rules of ours away and set back what sysctls they needed')
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (options: JsonOptions) => {
      const { dropQueueing } = await import('./queueing.js')
      await dropQueueing(configFile(options), options)
    })
}

function addHooks(hooks: Command): void {
  const commands = {
    install: 'put them in place for every version of Ganeti; what stands there is kept',
    remove: 'take them away and put back what stood there; guests run on',
    check: 'say whether Ganeti calls them; exit code 1 when it does not',
  }
  for (const [name, description] of Object.entries(commands)) {
    hooks
      .command(name)
      .description(description)
      .addOption(jsonOption())
      .addOption(configOption())
      .action(async (options: JsonOptions) => {
        const { checkHooks, dropHooks, putHooks } = await import('./hooks.js')
        const run = { install: putHooks, remove: dropHooks, check: checkHooks }[name] ?? checkHooks
        await run(configFile(options), options)
      })
  }
  addScriptCommands(hooks)
}

function addConfig(config: Command): void {
  config
    .command('check')
    .description(
      'say whether the configuration can be used; every fault with file, section and key',
    )
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (options: JsonOptions) => {
      const { checkConfig } = await import('./config.js')
      await checkConfig(configFile(options), options)
    })
  config
    .command('show')
    .description('print every effective value and where it comes from; passwords are masked')
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (options: JsonOptions) => {
      const { showConfig } = await import('./config.js')
      await showConfig(configFile(options), options)
    })
  config
    .command('compile')
    .description(
      'write what `okeanid nic up` goes by, which reads no INI; the nics role does so itself',
    )
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (options: JsonOptions) => {
      const { compileConfig } = await import('./config-compile.js')
      await compileConfig(configFile(options), options)
    })
  config
    .command('import-nfdhcpd')
    .description('print our configuration that does what an nfdhcpd.conf says')
    .argument('<file>', 'nfdhcpd’s configuration, usually /etc/nfdhcpd/nfdhcpd.conf')
    .option('-o, --output <file>', 'write it there instead')
    .addOption(jsonOption())
    .action(async (file: string, options: { readonly output?: string; readonly json?: true }) => {
      const { importNfdhcpd } = await import('./import-nfdhcpd.js')
      await importNfdhcpd(file, options)
    })
}

/** Whether commander ended a command, with what exit code: help and version are 0, all else is wrong usage. */
export function usageExitCode(error: unknown): number | undefined {
  return error instanceof CommanderError ? error.exitCode : undefined
}
