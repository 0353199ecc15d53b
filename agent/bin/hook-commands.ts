/**
 * Sub-commands of `okeanid hooks` about the administrator's scripts, for commander.
 */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { configFile, configOption, type JsonOptions, jsonOption } from './command-options.js'
import type { DnsOptions } from './hook-dns.js'

interface LogOptions extends JsonOptions {
  readonly instance?: string
  readonly op?: string
  readonly failed?: true
  readonly lines: number
  readonly follow?: true
}

/** Adds `hooks log` and `hooks scripts`. */
export function addScriptCommands(hooks: Command): void {
  hooks
    .command('log')
    .description(
      'what scripts of yours did after operations; with an id, what they printed as well',
    )
    .argument('[id]', 'a run as the list names it, or the number of a hook for all its runs')
    .option('--instance <name>', 'only of this instance; its first labels are enough')
    .option('--op <operation>', 'only after this one: instance-start, OP_INSTANCE_STARTUP')
    .option('--failed', 'only those that did not end well')
    .addOption(
      new Option('-n, --lines <count>', 'so many of the last ones').default(20).argParser(countOf),
    )
    .option('--follow', 'go on with those that come; ends with Ctrl-C')
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (id: string | undefined, options: LogOptions) => {
      const { printHookLog, printHookRun } = await import('./hook-log.js')
      if (id !== undefined) return await printHookRun(configFile(options), id, options)
      await printHookLog(configFile(options), {
        instance: options.instance,
        operation: options.op,
        isFailedOnly: options.failed,
        isFollowed: options.follow === true,
        count: options.lines,
        json: options.json,
      })
    })
  addDns(hooks)
  addAnnounce(hooks)
  addScripts(hooks.command('scripts').description('scripts that run after operations'))
}

function addScripts(scripts: Command): void {
  scripts
    .command('list')
    .description('every script in every folder and whether it runs; those that come with okeanid')
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (options: JsonOptions) => {
      const { listScripts } = await import('./hook-scripts.js')
      await listScripts(configFile(options), options)
    })
  for (const [verb, description] of [
    ['enable', 'let one that comes with okeanid run: links in the folders of its operations'],
    ['disable', 'take these links away'],
  ] as const) {
    scripts
      .command(verb)
      .description(description)
      .argument('<name>', 'its name, as list has it')
      .addOption(jsonOption())
      .addOption(configOption())
      .action(async (name: string, options: JsonOptions) => {
        const { disableScript, enableScript } = await import('./hook-scripts.js')
        await (verb === 'enable' ? enableScript : disableScript)(configFile(options), name, options)
      })
  }
}

function addDns(hooks: Command): void {
  hooks
    .command('dns')
    .description('print what nsupdate shall do for the hook in the environment; sends nothing')
    .option('--server <host>', 'with a space, its port; the one that the zone names', '')
    .option('--zones <names>', 'zones of names of instances', '')
    .option('--reverse <names>', 'zones of addresses: 2.0.192.in-addr.arpa', '')
    .addOption(new Option('--ttl <seconds>', 'of the records').default(300).argParser(countOf))
    .action(async (options: DnsOptions) => {
      const { printDnsCommands } = await import('./hook-dns.js')
      printDnsCommands(options, (name) => process.env[name])
    })
}

function addAnnounce(hooks: Command): void {
  hooks
    .command('announce')
    .description(
      'tell the wires where the instance of the hook in the environment is, if it runs here',
    )
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (options: JsonOptions) => {
      const { announceInstance } = await import('./hook-announce.js')
      await announceInstance(configFile(options), {
        variable: (name) => process.env[name],
        json: options.json,
      })
    })
}

function countOf(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('wants a whole number')
  return Number(text)
}
