import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { GuestNic } from '../support/site.js'
import type { Program } from '../support/space.js'

/** busybox' DHCP client, with the event script of the laboratory's guests. */
export interface Udhcpc extends AsyncDisposable {
  readonly program: Program
  /** What the next event says: one that has been waited for already is not waited for again. */
  readonly next: () => Promise<UdhcpcEvent>
}

/** What the script was told; texts as busybox has them, empty when the server did not tell. */
export interface UdhcpcEvent {
  readonly kind: 'LABLEASE' | 'LABNOLEASE'
  readonly [name: string]: string
}

const labScript = fileURLToPath(new URL('../../../test/lab/guest/udhcpc.script', import.meta.url))

/** What a guest asks for beside busybox' own list. */
const wanted = ['staticroutes', 'mtu', 'ntpsrv', 'search'].flatMap((name) => ['-O', name])

/** Starts the client; it asks at once, thrice and a second apart, and again after two seconds. */
export function startUdhcpc({ guest, device }: GuestNic, options: readonly string[] = []): Udhcpc {
  const programs = path.join(guest.directory, 'bin')
  const say = path.join(programs, 'say') // what the script tells the world by
  const script = path.join(programs, 'script')
  mkdirSync(programs, { recursive: true })
  writeFileSync(say, '#!/bin/sh\necho "$*"\n')
  copyFileSync(labScript, script)
  for (const file of [say, script]) chmodSync(file, 0o755)
  const patience = ['-t', '3', '-T', '1', '-A', '2']
  const program = guest.spawn(
    ['busybox', 'udhcpc', '-i', device, '-f', ...patience, ...wanted, '-s', script, ...options],
    { env: { PATH: `${programs}:/usr/sbin:/usr/bin` } },
  )
  let read = 0
  return {
    program,
    async next() {
      const match = await program.said(/^(LABLEASE|LABNOLEASE) (\{.*\})$/m, { from: read })
      const [line, kind, json = ''] = match
      read += match.index + line.length
      return { ...JSON.parse(json), kind }
    },
    [Symbol.asyncDispose]: program[Symbol.asyncDispose],
  }
}
