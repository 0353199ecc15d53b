import { execFileSync } from 'node:child_process'
import { ifindexOf, run } from '../support/own-network.js'

/** One end of a veth pair as the host has it, the other one as if it were a guest's. */
export interface Guest {
  /** The host's end. */
  readonly tap: string
  readonly tapIndex: number
  /** The guest's end. */
  readonly nic: string
  readonly nicIndex: number
}

/** Makes a pair whose ends are up and say nothing by themselves; names are `tap${n}` and `nic${n}`. */
export function makeGuest(n: number): Guest {
  const tap = `tap${n}`
  const nic = `nic${n}`
  run('ip', 'link', 'add', tap, 'type', 'veth', 'peer', 'name', nic)
  for (const device of [nic, tap]) run('ip', 'link', 'set', device, 'addrgenmode', 'none')
  for (const device of [nic, tap]) run('ip', 'link', 'set', device, 'up')
  return { tap, tapIndex: ifindexOf(tap), nic, nicIndex: ifindexOf(nic) }
}

/** Python, so that it is not our code that sends: frames as hexadecimal text, one after the other. */
const sender = `
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((sys.argv[1], 0))
for line in sys.stdin: s.send(bytes.fromhex(line))
`

/** Sends frames from the guest's end; they have arrived when this returns. */
export function sendFrom(guest: Guest, frames: readonly Uint8Array[]): void {
  const input = frames.map((frame) => `${Buffer.from(frame).toString('hex')}\n`).join('')
  execFileSync('python3', ['-c', sender, guest.nic], { input })
}

/** The Ethernet source of all frames below. */
export const guestMac = Uint8Array.of(0xaa, 0, 0, 0x12, 0x34, 0x56)

/** A broadcast frame with a UDP datagram over IPv4 (RFC 791, RFC 768), checksum of UDP left out. */
export function udpFrame({
  from = [10, 9, 0, 2],
  to = [10, 9, 0, 1],
  port = 67,
  payload = '',
}: {
  readonly from?: readonly number[]
  readonly to?: readonly number[]
  readonly port?: number
  readonly payload?: string
}): Uint8Array {
  const data = Buffer.from(payload)
  const ip = Buffer.alloc(28 + data.length)
  ip.set([0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, ...from, ...to])
  ip.writeUInt16BE(ip.length, 2)
  ip.writeUInt16BE(checksum(ip.subarray(0, 20)), 10)
  ip.writeUInt16BE(68, 20)
  ip.writeUInt16BE(port, 22)
  ip.writeUInt16BE(8 + data.length, 24)
  ip.set(data, 28)
  return ethernet(0x0800, ip)
}

/** A router solicitation to all routers, without options (RFC 4861 section 4.1). */
export function solicitationFrame(): Uint8Array {
  const source = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0xa8, 0, 0, 0xff, 0xfe, 0x12, 0x34, 0x56]
  const allRouters = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]
  const icmp = Buffer.from([133, 0, 0, 0, 0, 0, 0, 0])
  const pseudo = Buffer.from([...source, ...allRouters, 0, 0, 0, icmp.length, 0, 0, 0, 58])
  icmp.writeUInt16BE(checksum(Buffer.concat([pseudo, icmp])), 2)
  const ip = Buffer.from([0x60, 0, 0, 0, 0, icmp.length, 58, 255, ...source, ...allRouters])
  return ethernet(0x86dd, Buffer.concat([ip, icmp]))
}

function ethernet(type: number, payload: Uint8Array): Uint8Array {
  const head = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, ...guestMac, type >> 8, type & 0xff]
  return Buffer.concat([Buffer.from(head), payload])
}

/** RFC 1071, for an even number of bytes. */
function checksum(bytes: Buffer): number {
  let sum = 0
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at)
  while (sum > 0xffff) sum = (sum >>> 16) + (sum & 0xffff)
  return 0xffff - sum
}
