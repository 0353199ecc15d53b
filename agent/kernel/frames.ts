import { AgentError, systemCode } from '#errors.js'
import type { Addon, NativeFrames } from './native.js'
import { loadAddon } from './native.js'

/** Most frames of one call of `send`. */
export const FRAME_SLOTS = 128

/** Distance between two frames in `bytes`, and the longest frame. */
export const FRAME_SLOT_BYTES = 2048

/**
 * Sends Ethernet frames on any interface of the network namespace, through one socket that receives nothing.
 *
 * The caller writes frame i to `bytes` from `i * FRAME_SLOT_BYTES` on, its interface to `ifindexes[i]` and its length to
 * `lengths[i]`, and calls `send`. The arrays stay the same and are the caller's between two calls.
 */
export interface Frames {
  readonly bytes: Uint8Array
  readonly ifindexes: Uint32Array
  readonly lengths: Uint32Array
  /** After `send`: 0, or the errno for which a frame was not sent (6 ENXIO no such interface, 100 ENETDOWN, 90 EMSGSIZE, 105 ENOBUFS). */
  readonly errors: Int32Array
  /**
   * Sends the first `count` frames, at most FRAME_SLOTS, without waiting for slow interfaces. Returns how many failed; one
   * that fails stops no other.
   * @throws TypeError or RangeError for a bad count, Error when closed or when somebody transferred the memory
   */
  send(count: number): number
  /** Lets go of the socket; a second call does nothing. */
  close(): void
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Opens the socket that frames go out by (packet(7)).
 * @throws AgentError NATIVE_MISSING; ROOT_NEEDED without CAP_NET_RAW
 */
export function openFrames(): Frames {
  const { Frames } = loadAddon()
  const native = openNative(Frames)
  return {
    bytes: native.bytes,
    ifindexes: native.ifindexes,
    lengths: native.lengths,
    errors: native.errors,
    send: (count) => native.send(count),
    close: () => native.close(),
    async [Symbol.asyncDispose]() {
      native.close()
    },
  }
}

function openNative(Frames: Addon['Frames']): NativeFrames {
  try {
    return new Frames()
  } catch (cause) {
    if (systemCode(cause) !== 'EPERM') throw cause
    throw new AgentError(
      'ROOT_NEEDED',
      'no socket for Ethernet frames: run the program as root or with CAP_NET_RAW and CAP_NET_ADMIN, as its systemd unit does',
      { cause },
    )
  }
}
