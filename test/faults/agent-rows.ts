import { execFileSync } from 'node:child_process'
import { until } from '../support/until.js'
import { type CrashPoint, crashPoints } from './crash-points.js'
import type { ReplaySite } from './replay-site.js'
import type { Row, RowContext } from './row.js'

/** Faults of the agent and of what it stands on. */
export const agentRows: readonly Row[] = [
  {
    name: 'quiet',
    title: () => 'nothing happens',
    nodes: 1,
    isSavedByOutbox: false,
    strike: ({ pass, isShort }) => pass(isShort ? 2 : 20),
  },
  {
    name: 'kills',
    title: (isShort) => `agent killed -9 at ${killCount(isShort)} moments`,
    nodes: 1,
    isSavedByOutbox: true,
    hasOwnLives: true,
    strike: async (context) => {
      const { world, kept, forgetful, isShort } = context
      const rounds = isShort ? 2 : 20
      const real = (async () => {
        for (let round = 0; round < rounds; round++) {
          await world.agents('kill')
          await context.pass(isShort ? 2 : 6)
        }
      })()
      const control = (async () => {
        await killForgetful(context, isShort ? 3 : 20)
        await forgetful.start()
      })()
      for (let kill = 0; kill < killCount(isShort); kill++) await killOnce(context, kill)
      await kept.start()
      await Promise.all([real, control])
    },
  },
  {
    name: 'disk-full',
    title: () => 'the agent’s disk full (a tmpfs of 512 KiB) while the broker is away',
    nodes: 1,
    isSavedByOutbox: true,
    prepare: async ({ state }) => {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', state])
      const unmount = () => execFileSync('umount', ['-l', state])
      process.once('exit', unmount)
      return {
        async [Symbol.asyncDispose]() {
          process.removeListener('exit', unmount)
          unmount()
        },
      }
    },
    strike: async ({ world, kept, pass, isShort }) => {
      await world.broker.stop()
      // while it stopped, it may have taken enough for the disk to have room once more
      await lastSaid(kept, { last: 'outbox-not-writable', before: 'outbox-writable-again' })
      await pass(isShort ? 3 : 60)
      execFileSync('mount', ['-o', 'remount,size=256m', kept.state])
      await lastSaid(kept, { last: 'outbox-writable-again', before: 'outbox-not-writable' })
      await world.broker.start()
    },
  },
  {
    name: 'clock',
    title: () => 'clock stepped by an hour, forth, back, back, forth',
    nodes: 1,
    isSavedByOutbox: false,
    hasOwnClock: true,
    strike: async ({ kept, pass, isShort }) => {
      for (const seconds of [3600, 0, -3600, 0]) {
        kept.stepClock(seconds)
        await pass(isShort ? 2 : 15)
      }
    },
  },
]

function killCount(isShort: boolean): number {
  return isShort ? 10 : 200
}

/** Every other kill is at a crash point, in turn; the rest are at random moments from outside. */
async function killOnce({ kept, random, count }: RowContext, kill: number): Promise<void> {
  const point = kill % 2 === 0 ? crashPoints[(kill / 2) % crashPoints.length] : undefined
  if (point === undefined) {
    await kept.start()
    await kept.died(random.below(700)) // it does not die by itself: this is how long it may live
    await kept.end('SIGKILL')
    return count('a random moment, from outside')
  }
  await kept.start({ point, passing: 1 + random.below(passingsBelow(point)) })
  const isDead = await kept.died(120_000)
  await kept.end('SIGKILL')
  count(isDead ? `at ${kept.lastCrashPoint()}` : `at ${point} (not reached, killed from outside)`)
}

/** How often each point is passed within about a second of a life under load. */
function passingsBelow(point: CrashPoint): number {
  if (point.startsWith('segment')) return 2
  if (point.startsWith('ledger')) return 2
  if (point.startsWith('append')) return 20
  return point.startsWith('cursor') ? 5 : 400
}

/** The control dies when its ledger has just been saved: what that knows as told, and the broker does not have, is gone. */
async function killForgetful({ forgetful }: RowContext, times: number): Promise<void> {
  for (let kill = 0; kill < times; kill++) {
    await forgetful.start({ point: 'ledger-renamed', passing: 1 })
    await forgetful.died(20_000)
    await forgetful.end('SIGKILL')
  }
}

/** Waits until the agent has said one and not the other since. */
async function lastSaid(
  site: ReplaySite,
  { last, before }: { readonly last: string; readonly before: string },
): Promise<void> {
  const isLast = () => site.log().lastIndexOf(last) > site.log().lastIndexOf(before) || undefined
  await until(`${last} of ${site.cluster}`, isLast, { deadlineMs: 600_000 })
}
