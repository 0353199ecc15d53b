import { Socket } from 'node:net'
import type { ChannelModel } from 'amqplib'

/** What a connection may hold back for one turn of the event loop before amqplib waits for it, bytes; a full window of messages. */
export const writeBufferBytes = 1024 * 1024

/** amqplib passes messages on in an immediate that it may ask for after us: only a turn after that without bytes is an idle one. */
const idleTurns = 2

/**
 * Makes what amqplib writes in one turn of the event loop one system call (`writev`) in place of one a message, each of which wakes the
 * broker: they were 39 % of a drain's time (docs/performance.md). The function returned is called when something is about to be
 * written; it costs nothing while that goes on, and stops by itself. amqplib has no option for it, and does not type its socket: should a later
 * version keep that elsewhere, each message is written by itself as before.
 */
export function batchWrites(model: ChannelModel): () => void {
  const socket = socketOf(model)
  if (socket === undefined) return () => {}
  let isCorked = false

  function turn(bytesBefore: number, idle: number): void {
    setImmediate(() => {
      const bytes = socket?.bytesWritten ?? 0 // with those that are held back
      const turns = bytes === bytesBefore ? idle + 1 : 0
      socket?.uncork()
      if (turns < idleTurns) {
        socket?.cork()
        turn(bytes, turns)
      } else isCorked = false
    })
  }

  return () => {
    if (isCorked || socket.destroyed) return
    isCorked = true
    socket.cork()
    turn(socket.bytesWritten, 0)
  }
}

function socketOf({ connection }: ChannelModel): Socket | undefined {
  const stream: unknown = 'stream' in connection ? connection.stream : undefined
  return stream instanceof Socket ? stream : undefined
}
