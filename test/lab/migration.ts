import { fileURLToPath } from 'node:url'
import type { Lab } from './lab.js'
import type { StreamReport } from './stream.js'

/** What a guest's peers noticed of a live migration. */
export interface MigrationReport {
  /** Echo requests, one each 20 ms from before to after, that nobody answered. */
  readonly lost: number
  readonly sent: number
  /** Longest time without an answer. */
  readonly longestGapMs: number
  readonly stream: StreamReport
  /** The same for its IPv6 address, where one was given. */
  readonly v6: PingReport | undefined
}

/** What a ping each 20 ms noticed. */
export type PingReport = Pick<MigrationReport, 'lost' | 'sent' | 'longestGapMs'>

/** How long a ping and a stream go on: a migration of a small guest takes some 10 s here, more where the machine is busy. */
const seconds = 34

const pingEveryMs = 20
const echoPort = 7777

/** A program of this host, in the hub's network, to its end; its standard output. */
async function inHub(lab: Lab, argv: readonly string[]): Promise<string> {
  const child = lab.hubSpawn(argv)
  child.stdin.end()
  let text = ''
  child.stdout.on('data', (part) => {
    text += String(part)
  })
  child.stderr.resume()
  await new Promise<void>((resolve) => child.once('close', () => resolve()))
  return text
}

/** Lets a guest echo what a TCP stream brings it. */
export async function startEcho(lab: Lab, name: string): Promise<void> {
  await lab.vm.sh(name, `nc -l -p ${echoPort} -e cat & true`)
}

/**
 * Migrates a guest under a ping and a TCP stream from the segment's router, which run from before to after.
 * @param during called a second after they have begun: it migrates
 */
export async function measureMigration(
  lab: Lab,
  {
    name,
    ip,
    ip6,
  }: {
    readonly name: string
    readonly ip: string
    readonly ip6?: string | undefined
  },
  during: () => Promise<void>,
): Promise<MigrationReport> {
  await startEcho(lab, name)
  const count = (seconds * 1000) / pingEveryMs
  const interval = String(pingEveryMs / 1000)
  const pinging = ['ping', '-D', '-n', '-i', interval, '-W', '1', '-c', String(count)]
  const ping = inHub(lab, [...pinging, ip])
  const ping6 = ip6 === undefined ? undefined : inHub(lab, [...pinging, ip6])
  const program = fileURLToPath(new URL('./stream.js', import.meta.url))
  const talk = inHub(lab, [process.execPath, program, ip, String(echoPort), String(seconds)])
  await inHub(lab, ['ping', '-n', '-c', '2', ip])
  await during()
  const stream = JSON.parse(await talk) as StreamReport
  const v6 = ping6 === undefined ? undefined : readPing(await ping6)
  return { ...readPing(await ping), stream, v6 }
}

/** What `ping -D` printed: a time for each answer, and how many there were. */
export function readPing(text: string): PingReport {
  const answersMs = [...text.matchAll(/^\[(\d+\.\d+)\].*icmp_seq=(\d+) .*time=/gm)].map(
    ([, at, sequence]) => ({ at: Number(at) * 1000, sequence: Number(sequence) }),
  )
  const [, sent = '0', received = '0'] =
    /(\d+) packets transmitted, (\d+) received/.exec(text) ?? []
  const last = answersMs.at(-1)
  // who never answered, or never again, is counted to the end
  let longestGapMs = (Number(sent) - (last?.sequence ?? 0)) * pingEveryMs
  for (const [index, { at }] of answersMs.entries()) {
    const before = answersMs[index - 1]
    if (before !== undefined) longestGapMs = Math.max(longestGapMs, Math.round(at - before.at))
  }
  return { sent: Number(sent), lost: Number(sent) - Number(received), longestGapMs }
}
