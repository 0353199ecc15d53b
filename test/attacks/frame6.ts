import { type Bytes, ethernet, etherType, fragment, icmp6, ip6, next, options } from './frames.js'
import type { World } from './world.js'

/** Hardware addresses of groups (RFC 2464 7). */
export const allNodes = { ip: 'ff02::1', mac: '33:33:00:00:00:01' } as const

/** Who sends to whom. */
export interface Way {
  readonly from: string
  readonly to: { readonly ip: string; readonly mac: string }
  /** Ethernet source; default: the attacker's. */
  readonly ether?: string
}

/** A packet of the attacker's with whatever headers, innermost last: each is its number and what makes it of the next one. */
export function frame6(
  { attacker }: Pick<World, 'attacker'>,
  { from, to, ether }: Way,
  { nextHeader, payload }: { readonly nextHeader: number; readonly payload: Bytes },
): Bytes {
  return ethernet({
    to: to.mac,
    from: ether ?? attacker.mac,
    type: etherType.ip6,
    payload: ip6({ from, to: to.ip, nextHeader, payload }),
  })
}

/** An ICMPv6 message as it should be. */
export function icmpFrame(
  world: Pick<World, 'attacker'>,
  way: Way,
  { type, body }: { readonly type: number; readonly body: Bytes },
): Bytes {
  const payload = icmp6(type, body, { from: way.from, to: way.to.ip })
  return frame6(world, way, { nextHeader: next.icmp, payload })
}

/** Where an ICMPv6 message hides from those who look at the first header only. */
export const disguises: readonly {
  readonly name: string
  /** Linux since 5.11 does not put these together (RFC 8200 4.5), other systems do: it is enough that they arrive. */
  readonly isRefusedByLinux?: true
  readonly isFragmented?: true
  readonly frames: (world: World, way: Way, message: Bytes) => readonly Bytes[]
}[] = [
  {
    name: 'behind hop-by-hop options',
    frames: (world, way, message) => [
      frame6(world, way, {
        nextHeader: next.hopByHop,
        payload: Buffer.concat([options(next.icmp), message]),
      }),
    ],
  },
  {
    name: 'behind destination options, twice',
    frames: (world, way, message) => [
      frame6(world, way, {
        nextHeader: next.destination,
        payload: Buffer.concat([options(next.destination), options(next.icmp, 64), message]),
      }),
    ],
  },
  {
    name: 'in an atomic fragment (RFC 6946)',
    frames: (world, way, message) => [
      frame6(world, way, {
        nextHeader: next.fragment,
        payload: Buffer.concat([fragment({ nextHeader: next.icmp }), message]),
      }),
    ],
  },
  {
    name: 'in fragments of eight bytes and the rest',
    isFragmented: true,
    frames: (world, way, message) =>
      inParts(world, way, { first: next.icmp, whole: message, at: 8 }),
  },
  {
    name: 'in fragments, the first without the ICMPv6 header (RFC 7112)',
    isFragmented: true,
    isRefusedByLinux: true,
    frames: (world, way, message) =>
      inParts(world, way, {
        first: next.destination,
        whole: Buffer.concat([options(next.icmp, 16), message]),
        at: 8,
      }),
  },
  {
    name: 'in fragments, the first with all headers but the last',
    isFragmented: true,
    isRefusedByLinux: true,
    frames: (world, way, message) =>
      inParts(world, way, {
        first: next.destination,
        whole: Buffer.concat([options(next.icmp, 16), message]),
        at: 16,
      }),
  },
  {
    name: 'in fragments behind hop-by-hop options',
    isFragmented: true,
    frames: (world, way, message) =>
      inParts(world, way, { first: next.icmp, whole: message, at: 8, hopByHop: true }),
  },
]

/** An option of neighbour discovery that nobody knows, with a mark of at most 14 characters. */
export function markOption(mark: string): Bytes {
  return Buffer.concat([Uint8Array.of(200, 2), Buffer.from(mark.padEnd(14))])
}

let fragmentId = 1

/** Two fragments, cut at this byte. */
function inParts(
  world: World,
  way: Way,
  {
    first,
    whole,
    at,
    hopByHop = false,
  }: {
    readonly first: number
    readonly whole: Bytes
    readonly at: number
    readonly hopByHop?: boolean
  },
): readonly Bytes[] {
  const id = fragmentId++
  const prefix = hopByHop ? options(next.fragment) : new Uint8Array()
  return [
    Buffer.concat([prefix, fragment({ nextHeader: first, more: true, id }), whole.subarray(0, at)]),
    Buffer.concat([prefix, fragment({ nextHeader: first, offset: at, id }), whole.subarray(at)]),
  ].map((payload) =>
    frame6(world, way, { nextHeader: hopByHop ? next.hopByHop : next.fragment, payload }),
  )
}
