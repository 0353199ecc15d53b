import { fileURLToPath } from 'node:url'
import type { GuestNic } from '../support/site.js'
import type { Program } from '../support/space.js'

/** What became of DISCOVER to ACK, some hundred times. */
export interface Asked {
  readonly done: number
  /** Messages that had to be sent again. */
  readonly retries: number
  /** Answers to us that offer another address than ours. */
  readonly wrong: number
  /** Milliseconds from DISCOVER to ACK, in order of size. */
  readonly timesMs: readonly number[]
}

/** What {@link startAsking} is to do. */
export interface Asking {
  readonly count: number
  /** From the begin of one exchange to that of the next, at least. */
  readonly everyMs?: number
  /** After how long a message is sent again. */
  readonly retryMs?: number
  /** How often a message is sent until it counts as lost. */
  readonly tries?: number
}

const program = fileURLToPath(new URL('./guest-program.js', import.meta.url))

/** Sends frames from within a guest. */
export async function sendFrames(nic: GuestNic, frames: readonly Uint8Array[]): Promise<void> {
  const hex = frames.map((frame) => Buffer.from(frame).toString('hex'))
  const { code, text } = await run(nic, 'send', { frames: hex }).ended
  if (code !== 0) throw new Error(text)
}

/** Sends one frame again and again until it is stopped; `text()` then ends with how often. */
export async function startFlood(
  nic: GuestNic,
  { frame, perSecond }: { readonly frame: Uint8Array; readonly perSecond: number },
): Promise<Program> {
  const flood = run(nic, 'flood', { frame: Buffer.from(frame).toString('hex'), perSecond })
  await flood.said(/^flooding$/m)
  return flood
}

/** How many frames a flood has sent. */
export async function stopFlood(flood: Program): Promise<number> {
  const { text } = await flood.stop()
  return Number(/^sent (\d+)$/m.exec(text)?.[1] ?? Number.NaN)
}

/** Asks for the address of a NIC, DISCOVER to ACK, as often as told. */
export function startAsking(nic: GuestNic, asking: Asking): Program {
  return run(nic, 'ask', { mac: nic.mac, ip: nic.ip, ...asking })
}

/** What {@link startAsking} found, at its end. */
export async function asked(asking: Program): Promise<Asked> {
  const { text } = await asking.ended
  const json = /^\{.*\}$/m.exec(text)?.[0]
  if (json === undefined) throw new Error(`no result: ${text}`)
  return JSON.parse(json)
}

function run({ guest, device }: GuestNic, role: string, options: object): Program {
  return guest.spawn([process.execPath, program, role, JSON.stringify({ device, ...options })])
}
