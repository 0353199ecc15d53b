/**
 * The sub-commands of okeanid events, for commander.
 */
import type { Command } from 'commander'
import {
  type ConfigOptions,
  configFile,
  configOption,
  type JsonOptions,
  jsonOption,
} from './command-options.js'

/** Adds what concerns messages: followed, forwarded, replayed, described. */
export function addEventCommands(events: Command): void {
  events
    .command('tail')
    .description('follow this node’s messages as they are appended to the outbox; ends with Ctrl-C')
    .option('--from-start', 'begin with what still waits for the broker')
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (options: JsonOptions & { readonly fromStart?: true }) => {
      const { tailEvents } = await import('./events-tail.js')
      await tailEvents(configFile(options), options)
    })
  events
    .command('forward')
    .description(
      'bring messages from the broker to a webhook, a chat or Prometheus, in the foreground',
    )
    .argument('<name>', 'of a section [consumer NAME] of the configuration')
    .option('--test', 'post one sample, without the broker, and say what came of it')
    .addOption(configOption())
    .action(async (name: string, options: ConfigOptions & { readonly test?: true }) => {
      const { forwardEvents } = await import('./events-forward.js')
      await forwardEvents(name, configFile(options), { ...options, environment: process.env })
    })
  events
    .command('replay')
    .description(
      'print the messages that recorded versions of job files give, one JSON line each; sends nothing',
    )
    .argument('<dir>', 'folder with files NNNN-job-ID.json (in order of recording) or job-ID')
    .option('--cluster <name>', 'name of the cluster', 'replay')
    .option('--cluster-uuid <uuid>', 'UUID of the cluster, part of every message id', '0')
    .addOption(jsonOption().hideHelp())
    .action(
      async (dir: string, options: { readonly cluster: string; readonly clusterUuid: string }) => {
        const { replayEvents } = await import('./events-replay.js')
        replayEvents(dir, options)
      },
    )
  events
    .command('schema')
    .description('print the JSON Schema of the bodies of messages')
    .argument('[type]', 'of this type only, as ganeti-op-status')
    .action(async (type: string | undefined) => {
      const { printSchema } = await import('./events-schema.js')
      printSchema(type)
    })
}
