/**
 * Runs within a guest, for guest.ts: `send` frames once, `flood` with one, or `ask` for an address again and again.
 *
 * Messages go out as frames of our own, and answers come by an ordinary socket: broadcast ones need nothing of the interface.
 */
import { createSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { ipv4OfNumber } from '#addr/ipv4.js'
import { FRAME_SLOT_BYTES, FRAME_SLOTS, openFrames } from '#kernel/frames.js'
import { readU32 } from '#wire/bytes.js'
import { dhcpMessageType, dhcpOption } from '#wire/dhcpv4/codes.js'
import { decodeDhcpv4 } from '#wire/dhcpv4/message.js'
import type { Asked, Asking } from './guest.js'
import { dhcpFrame } from './packets.js'

const [, , role = '', json = '{}'] = process.argv
const options = JSON.parse(json)
const ifindex = Number(readFileSync(`/sys/class/net/${options.device}/ifindex`, 'utf8'))
const frames = openFrames()
switch (role) {
  case 'send':
    for (const hex of options.frames) send([Buffer.from(hex, 'hex')])
    break
  case 'flood':
    flood(Buffer.from(options.frame, 'hex'), options.perSecond)
    break
  case 'ask':
    console.log(JSON.stringify(await ask(options)))
    break
  default:
    throw new Error(`what is ${role}?`)
}

/** At most as many as there are slots. */
function send(list: readonly Uint8Array[]): void {
  for (const [index, frame] of list.entries()) {
    frames.bytes.set(frame, index * FRAME_SLOT_BYTES)
    frames.ifindexes[index] = ifindex
    frames.lengths[index] = frame.length
  }
  const failed = frames.send(list.length)
  if (failed > 0) throw new Error(`${failed} frames were not sent: errno ${frames.errors[0]}`)
}

/** All slots hold the same frame; each turn of the timer sends what is due. */
function flood(frame: Uint8Array, perSecond: number): void {
  send(Array.from({ length: FRAME_SLOTS }, () => frame))
  const startMs = performance.now()
  let sent = FRAME_SLOTS
  const timer = setInterval(() => {
    const due = ((performance.now() - startMs) / 1000) * perSecond
    while (sent < due) {
      const count = Math.min(FRAME_SLOTS, Math.ceil(due - sent))
      sent += count - frames.send(count)
    }
  }, 1)
  process.once('SIGTERM', () => {
    clearInterval(timer)
    console.log(`sent ${sent}`)
  })
  console.log('flooding')
}

async function ask({
  mac,
  ip,
  count,
  everyMs = 0,
  retryMs = 250,
  tries = 40,
}: Asking & { readonly mac: string; readonly ip: string }): Promise<Asked> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  let hear: (type: number, xid: number, message: Message) => void = () => undefined
  socket.on('message', (bytes) => {
    const message = decodeDhcpv4(bytes, 0, bytes.length)
    const type = message?.options?.find(({ code }) => code === dhcpOption.messageType)?.value[0]
    if (message !== undefined && type !== undefined) hear(type, message.xid, message)
  })
  await new Promise<void>((resolve) => socket.bind(68, resolve))
  let retries = 0
  let wrong = 0
  const exchange = async (frame: Uint8Array, xid: number, wanted: number): Promise<Message> => {
    for (let attempt = 0; attempt < tries; attempt++) {
      if (attempt > 0) retries++
      const heard = await new Promise<Message | undefined>((resolve) => {
        const timer = setTimeout(() => resolve(undefined), retryMs)
        hear = (type, heardXid, message) => {
          if (type !== wanted || heardXid !== xid) return
          if (ipv4OfNumber(message.yiaddr) !== ip) wrong++
          clearTimeout(timer)
          resolve(message)
        }
        send([frame])
      })
      if (heard !== undefined) return heard
    }
    throw new Error(`no answer after ${tries} tries`)
  }
  const timesMs: number[] = []
  try {
    for (let index = 0; index < count; index++) {
      const startMs = performance.now()
      const xid = index + 1
      const offer = await exchange(
        dhcpFrame({ type: 'discover', xid, source: mac }),
        xid,
        dhcpMessageType.offer,
      )
      const serverId = serverIdOf(offer)
      await exchange(
        dhcpFrame({ type: 'request', xid, source: mac, requested: ip, serverId }),
        xid,
        dhcpMessageType.ack,
      )
      timesMs.push(performance.now() - startMs)
      const restMs = everyMs - (performance.now() - startMs)
      if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs))
    }
  } catch (error) {
    console.error(String(error))
  }
  socket.close()
  return { done: timesMs.length, retries, wrong, timesMs: timesMs.sort((a, b) => a - b) }
}

type Message = NonNullable<ReturnType<typeof decodeDhcpv4>>

function serverIdOf({ options: list }: Message): string {
  const value = list?.find(({ code }) => code === dhcpOption.serverIdentifier)?.value
  return value === undefined ? '0.0.0.0' : ipv4OfNumber(readU32(value, 0))
}
