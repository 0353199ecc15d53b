import { appendFileSync, existsSync } from 'node:fs'
import path from 'node:path'
import type { Program, Space } from '../support/space.js'
import { until } from '../support/until.js'

/** Somebody on an interface: sends frames as they are, and tells what comes in. */
export interface Peer extends AsyncDisposable {
  /** Sends frames in order; returns at once. */
  readonly send: (frames: readonly Uint8Array[]) => void
  /** How many frames with this text in them came in so far. */
  readonly count: (mark: string) => number
  /** The same for bytes. */
  readonly countBytes: (bytes: Uint8Array) => number
  /** Waits until a frame with this text has come in. */
  readonly saw: (mark: string) => Promise<void>
}

/** Python, so that no code of ours lies in between: lines of hexadecimal in by a FIFO, frames out by stdout. */
const script = `
import os, select, socket, sys
device, fifo = sys.argv[1:]
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.setsockopt(socket.SOL_SOCKET, 33, 1 << 25)
s.bind((device, 0))
f = os.open(fifo, os.O_RDWR)
print('ready', flush=True)
rest = b''
while True:
  readable, _, _ = select.select([s, f], [], [])
  if s in readable:
    for _ in range(64):
      try:
        frame, address = s.recvfrom(65536, socket.MSG_DONTWAIT)
      except BlockingIOError:
        break
      if address[2] != 4: sys.stdout.write('< ' + frame.hex() + '\\n')
    sys.stdout.flush()
  if f in readable:
    *lines, rest = (rest + os.read(f, 65536)).split(b'\\n')
    for line in lines: s.send(bytes.fromhex(line.decode()))
`

/** Opens a peer on an interface of a space. */
export async function openPeer(space: Space, device: string): Promise<Peer> {
  const name = `${device}.frames`
  await space.sh(`mkfifo /run/${name}`)
  const program: Program = space.spawn(['python3', '-c', script, device, `/run/${name}`])
  await program.said(/ready/)
  const fifo = path.join(space.directory, name)
  if (!existsSync(fifo)) throw new Error(`${fifo} is not there`)
  const countHex = (digits: string): number => program.text().split(digits).length - 1
  const count = (mark: string): number => countHex(hex(mark))
  return {
    send(frames) {
      appendFileSync(
        fifo,
        frames.map((frame) => `${Buffer.from(frame).toString('hex')}\n`).join(''),
      )
    },
    count,
    countBytes: (bytes) => countHex(Buffer.from(bytes).toString('hex')),
    saw: async (mark) =>
      void (await until(`${mark} at ${device} of ${space.name}`, () => count(mark) || undefined, {
        deadlineMs: 60_000,
        everyMs: 3,
      })),
    [Symbol.asyncDispose]: async () => void (await program.stop('SIGKILL')),
  }
}

function hex(text: string): string {
  return Buffer.from(text).toString('hex')
}
