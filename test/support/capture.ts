import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Space } from './space.js'
import { until } from './until.js'

/** Frames of one interface, written to a file as they pass. */
export interface Capture extends AsyncDisposable {
  readonly file: string
  /** Waits until a frame that fits tshark's display filter has passed, and returns the lines that describe such frames. */
  readonly saw: (filter: string, deadlineMs?: number) => Promise<readonly string[]>
  /** Ends it; what has passed is in the file. */
  readonly stop: () => Promise<void>
}

let count = 0

/** Begins a capture; every frame that passes from now on is in it. */
export async function openCapture(space: Space, device: string): Promise<Capture> {
  count += 1
  const file = path.join(space.directory, `${device}-${count}.pcap`)
  // without -Z it would write the file as another user
  const options = ['-U', '--immediate-mode', '-s', '0', '-Z', 'root', '-w', file]
  const tcpdump = space.spawn(['tcpdump', '-i', device, ...options])
  await tcpdump.said(/listening on/)
  const stop = async (): Promise<void> => {
    await tcpdump.stop('SIGINT')
  }
  return {
    file,
    stop,
    saw: async (filter, deadlineMs = 60_000) =>
      await until(
        `${filter} on ${space.name} ${device}`,
        async () => {
          const frames = await decoded(file, filter)
          return frames.length > 0 ? frames : undefined
        },
        { deadlineMs, everyMs: 100 },
      ),
    [Symbol.asyncDispose]: stop,
  }
}

/** Checksums that tshark only looks at when told to, because hardware fills some in late; of ICMPv6 it always does. */
const checking = ['-o', 'ip.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE']

/** One line for each frame of a capture that fits a display filter, as tshark describes it. */
export async function decoded(file: string, filter: string): Promise<readonly string[]> {
  return await tshark(file, filter, [])
}

/** The values of some fields, one row a frame, in which several values of a field are joined by commas. */
export async function fields(
  file: string,
  filter: string,
  names: readonly string[],
): Promise<readonly (readonly string[])[]> {
  const rows = await tshark(file, filter, [
    '-T',
    'fields',
    ...names.flatMap((name) => ['-e', name]),
  ])
  return rows.map((row) => row.split('\t'))
}

/** Warnings and errors; notes (`0x400000`) are made of sound packets too. */
const complaint = '(_ws.malformed || _ws.expert.severity >= 0x600000)'

/**
 * What tshark has to say against frames that were sent from some hardware addresses: malformed ones, warnings, errors, bad checksums.
 * @param senders of the frames that are looked at: only those of ours are complete where they are captured
 */
export async function complaints(
  file: string,
  senders: readonly string[],
): Promise<readonly string[]> {
  const ours = senders.map((mac) => `eth.src == ${mac}`).join(' || ')
  const what = ['frame.number', '_ws.col.Info', '_ws.expert.message', '_ws.malformed']
  const rows = await fields(file, `(${ours}) && ${complaint}`, what)
  return rows.map((row) => row.join(' '))
}

async function tshark(
  file: string,
  filter: string,
  output: readonly string[],
): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(
    'tshark',
    ['-n', '-r', file, ...checking, '-Y', filter, ...output],
    { maxBuffer: 1 << 26 },
  )
  return stdout.split('\n').filter((line) => line !== '')
}
