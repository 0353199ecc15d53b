import type { Command } from 'commander'
import { configFile, configOption, type JsonOptions, jsonOption } from './command-options.js'

/** Of commands about some NICs only. */
interface NicOptions extends JsonOptions {
  readonly nic?: string
}

/** Adds `okeanid dhcp list|trace|explain`. */
export function addDhcpCommands(dhcp: Command): void {
  dhcp
    .command('list')
    .description('the NICs that are served here: address, services, last answer, what was refused')
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (options: JsonOptions) => {
      const { listNics } = await import('./dhcp-list.js')
      await listNics(configFile(options), options)
    })
  dhcp
    .command('trace')
    .description('print what guests ask and are told, as it happens; ends with Ctrl-C')
    .option('--nic <name>', 'only this instance, tap or hardware address')
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (options: NicOptions) => {
      const { traceExchanges } = await import('./dhcp-trace.js')
      await traceExchanges(configFile(options), options)
    })
  dhcp
    .command('explain')
    .description(
      'say what would be answered to captured packets, and why; sends nothing and needs no running agent',
    )
    .argument('<packets>', 'a capture (pcap, pcapng), or one packet in hexadecimal')
    .option(
      '--nic <name>',
      'as if it came from this instance, tap or hardware address; else the NIC with its Ethernet source',
    )
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (packets: string, options: NicOptions) => {
      const { explainPackets } = await import('./dhcp-explain.js')
      await explainPackets(configFile(options), packets, options)
    })
}
