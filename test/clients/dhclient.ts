import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { GuestNic } from '../support/site.js'
import type { Program } from '../support/space.js'

/** ISC's DHCP client with Debian's configuration and scripts. */
export interface Dhclient extends AsyncDisposable {
  readonly program: Program
  /** The file that it keeps its leases in: it survives the client. */
  readonly leaseFile: string
  /** Waits for the next line that matches; text that was matched before does not count. */
  readonly next: (pattern: RegExp, deadlineMs?: number) => Promise<RegExpExecArray>
  /** The statements of the last lease in its file, as they stand there: `option routers` -> `192.0.2.1`. */
  readonly lease: () => ReadonlyMap<string, string>
}

/**
 * Starts the client; with the same guest and interface it finds the leases that it had.
 * @param options such as `-6 -N`
 */
export function startDhclient(
  { guest, device }: GuestNic,
  options: readonly string[] = [],
  config = '',
): Dhclient {
  const place = path.join(guest.directory, `dhclient-${device}${options[0] ?? ''}`)
  const leaseFile = `${place}.leases`
  const configFile = `${place}.conf`
  writeFileSync(configFile, `${readFileSync('/etc/dhcp/dhclient.conf', 'utf8')}\n${config}`)
  const files = ['-lf', leaseFile, '-pf', `${place}.pid`, '-cf', configFile]
  const program = guest.spawn(['dhclient', ...options, '-d', '-v', ...files, device])
  let read = 0
  return {
    program,
    leaseFile,
    async next(pattern, deadlineMs = 60_000) {
      const match = await program.said(pattern, { from: read, deadlineMs })
      read += match.index + match[0].length
      return match
    },
    lease: () => lastLease(readFileSync(leaseFile, 'utf8')),
    [Symbol.asyncDispose]: program[Symbol.asyncDispose],
  }
}

function lastLease(text: string): ReadonlyMap<string, string> {
  const last = text.slice(Math.max(0, text.lastIndexOf('\nlease')))
  const statements = last.matchAll(
    /^\s*(option \S+|fixed-address|renew|rebind|expire|iaaddr|iaprefix|preferred-life|max-life|starts) (.*?)[;{]?$/gm,
  )
  return new Map([...statements].map(([, name = '', value = '']) => [name, value.trim()]))
}
