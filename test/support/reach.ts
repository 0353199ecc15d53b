import { once } from 'node:events'
import { createConnection } from 'node:net'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Space } from './space.js'

/** What one host is to try of another. */
export interface ReachQuestion {
  readonly address: string
  /** `tcp/22`, `udp/53`, `udp/53@67` from port 67, `icmp`, `icmp/1400` with so many bytes. */
  readonly doors: readonly string[]
  /** How long an answer is waited for. What is let through answers at once, and what is not never does. */
  readonly patienceMs: number
}

/** A host of a test that answers, and tries doors of others. */
export interface Reacher {
  readonly space: Space
  /** Those of the doors that answered, in their order; all are tried at once. */
  readonly reaches: (address: string, doors: readonly string[]) => Promise<readonly string[]>
}

const program = fileURLToPath(new URL('./reach-program.js', import.meta.url))

/** Starts a program in a space that echoes on these ports, on the addresses that the space has now, and tries those of others. */
export async function openReacher(
  space: Space,
  ports: readonly string[],
  { patienceMs = 1200 }: { readonly patienceMs?: number } = {},
): Promise<Reacher> {
  const socketPath = path.join(space.directory, 'reach')
  const started = space.spawn([process.execPath, program, socketPath, ...ports])
  await started.said(/^ready$/m, { deadlineMs: 60_000 })
  return {
    space,
    async reaches(address, doors) {
      const socket = createConnection(socketPath)
      await once(socket, 'connect')
      const question: ReachQuestion = { address, doors, patienceMs }
      socket.write(JSON.stringify(question))
      return JSON.parse(await text(socket)) as readonly string[]
    },
  }
}
