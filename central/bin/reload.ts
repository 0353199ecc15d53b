/**
 * `okeanid-central reload`, and what a running service does of it: the level of the log, the certificate, and how the broker is reached may
 * change while it runs; all else holds after a restart only, and the answer says so.
 */
import type { Command } from 'commander'
import { type LoadedCentralConfig, loadCentralConfig } from '#central/config/central-config.js'
import { AgentError } from '#errors.js'
import { printLine } from '#service/log.js'
import { askReload, reloadLines } from '#service/reloading.js'
import { type CentralOptions, configFile, configOption, jsonOption } from './command-options.js'

/** Keys that may change while the service runs. */
const living: ReadonlySet<string> = new Set([
  '[log] level',
  ...['cert_file', 'key_file'].map((key) => `[server] ${key}`),
  ...['url', 'password_file', 'ca_file', 'cert_file', 'key_file', 'exchange'].map(
    (key) => `[broker] ${key}`,
  ),
])

/** Whether a key is fixed for as long as a service that was started with this configuration runs: HTTP stays HTTP. */
export function isFixed({ config }: LoadedCentralConfig, name: string): boolean {
  const isPlain = config.server.cert_file === '' && name.startsWith('[server]')
  return isPlain || !living.has(name)
}

/** Where a service is told to, in the folder that systemd made for it. */
export function controlSocket(runtimeDirectory = '/run/okeanid-central'): string {
  return `${runtimeDirectory}/control.sock`
}

/** `reload` */
export function addReloadCommand(central: Command): void {
  central
    .command('reload')
    .description('have the running service read its configuration anew; systemctl reload does it')
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (options: CentralOptions) => {
      const location = configFile(options)
      await loadCentralConfig(location.file, location)
      const answer = await askReload(controlSocket(process.env['RUNTIME_DIRECTORY']))
      if (options.json) printLine(JSON.stringify(answer))
      else for (const line of reloadLines('central', answer)) printLine(line)
      if ('problem' in answer)
        throw new AgentError('CONFIG_INVALID', `${answer.problem}; what held before still holds`)
    })
}
