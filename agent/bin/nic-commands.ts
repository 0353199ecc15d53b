import type { Command } from 'commander'
import { configFile, configOption, type JsonOptions, jsonOption } from './command-options.js'
import type { PlanOptions } from './nic-plan.js'

/** Adds `okeanid nic up|down`, which `okeanid.ts` runs itself; they stand here for whoever asks for help. */
export function addNicCommands(nic: Command): void {
  const hooks = {
    up: 'set up the tap that Ganeti’s environment describes; called by Ganeti',
    down: 'take away what is left of a tap that is gone; called by Ganeti',
  }
  for (const [name, description] of Object.entries(hooks)) {
    nic
      .command(name)
      .description(description)
      .option('--state-directory <dir>', 'instead of /var/lib/okeanid')
      .option('--runtime-directory <dir>', 'instead of /run/okeanid')
      .option('--break-glass <file>', 'instead of /etc/okeanid/break-glass')
  }
  nic
    .command('plan')
    .description('print what `nic up` would do; does nothing')
    .argument(
      '[tap]',
      'of a NIC that was set up before; default: the NIC that the environment describes',
    )
    .option('--rules', 'with the rules')
    .option('--state-directory <dir>', 'instead of /var/lib/okeanid')
    .option('--runtime-directory <dir>', 'instead of /run/okeanid')
    .addOption(jsonOption())
    .action(async (tap: string | undefined, options: PlanOptions) => {
      const { printPlan } = await import('./nic-plan.js')
      await printPlan(tap, options)
    })
  nic
    .command('list')
    .description(
      'every NIC on this node: instance, tap, addresses, profile, stance, last DHCP, state',
    )
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (options: JsonOptions) => {
      const { printNics } = await import('./nic-list.js')
      await printNics(configFile(options), options)
    })
  nic
    .command('repair')
    .description('make NICs of running instances what was decided for them; default: of all')
    .argument('[instance...]', 'only these instances')
    .option('--dry-run', 'only say what would be done')
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (instances: readonly string[], options: JsonOptions & { dryRun?: true }) => {
      const { repairNics } = await import('./nic-repair.js')
      await repairNics(configFile(options), instances, options)
    })
  nic
    .command('why')
    .description('what rules have dropped, or would have, and why')
    .argument('<subject>', 'a tap or an instance')
    .option('--seconds <n>', 'how long to look for what is being dropped just now', '1')
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (subject: string, options: JsonOptions & { seconds?: string }) => {
      const { explainDrops } = await import('./nic-why.js')
      await explainDrops(configFile(options), subject, options)
    })
  addStances(nic)
}

const stances = {
  observe: 'let rules count what they would drop, and drop nothing',
  enforce: 'let rules drop; also for NICs that were adopted while they ran',
  disable: 'take rules away',
  configured: 'take back what observe, enforce or disable said',
} as const

function addStances(nic: Command): void {
  for (const verb of ['observe', 'enforce', 'disable', 'configured'] as const) {
    const command = nic
      .command(verb)
      .description(`${stances[verb]}; default: of all NICs of this node`)
      .argument('[instance...]', 'of these instances')
      .option('--network <name>', 'of a Ganeti network, by name or UUID')
      .addOption(jsonOption())
      .addOption(configOption())
      .action(
        async (
          instances: readonly string[],
          options: JsonOptions & { network?: string; for?: string },
        ) => {
          const { setStance } = await import('./nic-stance.js')
          await setStance(configFile(options), verb, { instances, options })
        },
      )
    if (verb !== 'configured')
      command.option('--for <time>', 'how long: 30m, 1h; default: until something else is said')
  }
}
