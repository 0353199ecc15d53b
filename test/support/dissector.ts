import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** What tshark says of one frame. */
export interface Verdict {
  /** Its protocols, such as `eth:ethertype:ipv6:icmpv6`. */
  readonly protocols: string
  /** What it finds malformed, and whatever it warns of. */
  readonly complaints: string
  /** Whether every checksum in it is right. */
  readonly areChecksumsGood: boolean
}

/** Why frames cannot be judged here; undefined where they can. */
export function lackOfDissector(): string | undefined {
  const { status } = spawnSync('tshark', ['--version'])
  return status === 0 ? undefined : 'needs tshark'
}

/** Columns that are asked for. 1 is "good" in the two that tell of checksums. */
const columns = [
  'frame.protocols',
  '_ws.malformed',
  '_ws.expert.message',
  'udp.checksum.status',
  'icmpv6.checksum.status',
]

/** What an independent dissector says of Ethernet frames, in their order; every checksum is looked at. */
export function dissected(frames: readonly Uint8Array[]): readonly Verdict[] {
  const directory = mkdtempSync(path.join(tmpdir(), 'okeanid-frames-'))
  const file = path.join(directory, 'frames.pcap')
  try {
    writeFileSync(file, captureOf(frames))
    const fields = columns.flatMap((column) => ['-e', column])
    const { stdout, stderr, status } = spawnSync(
      'tshark',
      ['-n', '-r', file, '-o', 'udp.check_checksum:TRUE', '-T', 'fields', ...fields],
      { encoding: 'utf8', maxBuffer: 1 << 26 },
    )
    if (status !== 0) throw new Error(`tshark: ${stderr}`)
    return stdout.split('\n').slice(0, frames.length).map(verdictOf)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function verdictOf(row: string): Verdict {
  const [protocols = '', malformed = '', expert = '', udp = '', icmpv6 = ''] = row.split('\t')
  return {
    protocols,
    complaints: [malformed, expert].filter((text) => text !== '').join('; '),
    areChecksumsGood: `${udp}${icmpv6}` === '1',
  }
}

/** A capture file of Ethernet frames (draft-ietf-opsawg-pcap). */
function captureOf(frames: readonly Uint8Array[]): Uint8Array {
  const head = new Uint32Array([0xa1b2c3d4, 0x0004_0002, 0, 0, 65535, 1])
  const parts = frames.flatMap((frame) => [
    new Uint8Array(new Uint32Array([0, 0, frame.length, frame.length]).buffer),
    frame,
  ])
  return Buffer.concat([new Uint8Array(head.buffer), ...parts])
}
