import { openPublisher } from '#broker/publisher.js'
import { type Disk, nodeDisk } from '#outbox/disk.js'
import { openOutbox } from '#outbox/outbox.js'
import type { SaveStep } from '#service/state-file.js'
import type { CrashPoint, Fuse } from './crash-points.js'

/** The outbox of the agent, on a disk and with acknowledgements that pass crash points. */
export function fusedOutbox(fuse: Fuse): typeof openOutbox {
  return async (options) => {
    const outbox = await openOutbox({ ...options, disk: fusedDisk(fuse) })
    return {
      ...outbox,
      ack(sequence) {
        outbox.ack(sequence)
        fuse.passes('acked')
      },
    }
  }
}

/** The publisher of the agent, whose messages pass crash points. */
export function fusedPublisher(fuse: Fuse): typeof openPublisher {
  return (options) => {
    const publisher = openPublisher(options)
    return {
      ...publisher,
      async send(message, signal) {
        fuse.passes('publish')
        const sending = publisher.send(message, signal)
        setImmediate(() => fuse.passes('sent')) // amqplib writes to the socket at the end of the turn
        const outcome = await sending
        if (outcome.kind === 'confirmed') fuse.passes('confirmed')
        return outcome
      },
    }
  }
}

/** The crash point that a step of saving the ledger is. */
export function ledgerPoint(step: SaveStep): CrashPoint | undefined {
  return step === 'done' ? undefined : `ledger-${step}`
}

/** The real disk. Segments and the cursor are told apart by their names, as they are opened. */
function fusedDisk(fuse: Fuse): Disk {
  const segments = new Set<number>()
  let isMaking = false
  return {
    ...nodeDisk,
    async open(path, flags, mode) {
      const fd = await nodeDisk.open(path, flags, mode)
      if (path.endsWith('.seg') && (flags & 3) !== 0) {
        segments.add(fd)
        isMaking = true
        fuse.passes('segment-made')
      } else segments.delete(fd) // the number of one that was closed
      return fd
    },
    async write(fd, bytes, position) {
      const isSegment = segments.has(fd)
      if (isSegment && fuse.isLast('append-torn'))
        await nodeDisk.write(fd, bytes.subarray(0, bytes.length >> 1), position)
      if (isSegment) fuse.passes('append-torn')
      await nodeDisk.write(fd, bytes, position)
      fuse.passes(isSegment ? 'append-written' : 'cursor-written')
    },
    async sync(fd) {
      await nodeDisk.sync(fd)
      if (segments.has(fd)) fuse.passes('append-synced')
    },
    async syncDirectory(path) {
      await nodeDisk.syncDirectory(path)
      if (isMaking) fuse.passes('segment-named')
      isMaking = false
    },
    async rename(from, to) {
      await nodeDisk.rename(from, to)
      fuse.passes('cursor-renamed')
    },
  }
}
