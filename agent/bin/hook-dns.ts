/**
 * `okeanid hooks dns`: what hooks/scripts/dns-update gives to nsupdate, from the hook's environment. Sends nothing.
 */
import { AgentError } from '#errors.js'
import { dnsCommands, type HookVariable } from '#script/dns.js'
import { printLine } from '#service/log.js'

/** As the script has them from its configuration: names in a list are separated by spaces. */
export interface DnsOptions {
  readonly server: string
  readonly zones: string
  readonly reverse: string
  readonly ttl: number
}

/**
 * Prints one command a line.
 * @throws AgentError INPUT_UNREADABLE when the environment is no instance's hook
 */
export function printDnsCommands(options: DnsOptions, variable: HookVariable): void {
  const commands = dnsCommands(variable, {
    server: options.server,
    forward: namesIn(options.zones),
    reverse: namesIn(options.reverse),
    ttlSeconds: options.ttl,
  })
  if (!commands.ok) throw new AgentError('INPUT_UNREADABLE', `hooks dns: ${commands.problem}`)
  for (const command of commands.value) printLine(command)
}

function namesIn(text: string): readonly string[] {
  return text
    .split(/\s+/)
    .map((name) => name.replace(/\.$/, ''))
    .filter((name) => name !== '')
}
