import t, { type Test } from 'tap'
import { bridgeSysctls } from '#kernel/br-netfilter.js'
import { readQueueStats } from '#kernel/queue-stats.js'
import { removeQueueing } from '#kernel/queueing.js'
import { inOwnNetwork, run } from '../support/own-network.js'
import { until } from '../support/until.js'
import { sendFrom, solicitationFrame, udpFrame } from './guest.js'
import { hold } from './hold.js'
import {
  makeWorld,
  memoryJournal,
  numbers,
  open,
  passedSince,
  served,
  sysctl,
  variants,
} from './queueing-world.js'

/** Both kinds of taps, both Internet protocols, both implementations of iptables, both wishes; real frames, real queues. */
inOwnNetwork(import.meta.url, () => {
  const world = makeWorld()

  for (const iptablesVariant of variants) {
    t.test(`rules by iptables${iptablesVariant}`, async (t) => {
      t.afterEach(() => removeQueueing({ numbers, journal: memoryJournal(), iptablesVariant }))

      for (const place of ['bridged', 'routed'] as const) {
        for (const [what, frame, number] of [
          ['DHCP requests', udpFrame({}), numbers.dhcp4],
          ['router solicitations', solicitationFrame(), numbers.ra],
        ] as const) {
          const send = (count: number) =>
            sendFrom(world[place], Array<Uint8Array>(count).fill(frame))
          const apply = async (whenDown: 'pass' | 'drop') => {
            const { queueing } = await open({ iptablesVariant })
            await queueing.apply([served(world[place].tap, { mode: place, whenDown })])
            passedSince(place)
          }

          t.test(`${what} of a ${place} tap`, async (t) => {
            await t.test('go on when nobody listens and the network wants that', async (t) => {
              await apply('pass')
              send(3)
              t.equal(passedSince(place), 3)
            })

            await t.test('end when nobody listens and the network wants silence', async (t) => {
              await apply('drop')
              send(3)
              t.equal(passedSince(place), 0)
            })

            await t.test('come to whoever listens, and to nobody else', async (t) => {
              await apply('pass')
              const holder = await hold(t, { queueNumber: number, defaultVerdict: 'drop' })
              send(3)
              t.match(await holder.counters(), { received: 3 })
              t.equal(passedSince(place), 0)
              await holder.close()
            })

            await t.test('wait for one who is paused', async (t) => {
              await apply('pass')
              const holder = await hold(t, { queueNumber: number, defaultVerdict: 'accept' })
              holder.child.kill('SIGSTOP')
              await stopped(holder.child.pid)
              send(3)
              t.equal(readQueueStats(number)?.waiting, 3)
              t.equal(passedSince(place), 0)
              holder.child.kill('SIGCONT')
              await until('all verdicts', () => readQueueStats(number)?.waiting === 0 || undefined)
              t.equal(passedSince(place), 3)
              await holder.close()
            })

            await t.test('overflow: what is too much goes on, or ends', async (t) => {
              t.equal(await overflow(t, 'pass'), 6)
              t.equal(await overflow(t, 'drop'), 0)
            })
          })

          /** Sends ten frames to a paused queue with room for four; gives how many got past. */
          const overflow = async (t: Test, whenDown: 'pass' | 'drop') => {
            await apply(whenDown)
            const queueNumber = number + (whenDown === 'drop' ? numbers.dropOffset : 0)
            const holder = await hold(t, {
              queueNumber,
              defaultVerdict: 'drop',
              maxLength: 4,
              isFailOpen: whenDown === 'pass',
            })
            holder.child.kill('SIGSTOP')
            await stopped(holder.child.pid)
            send(10)
            t.match(readQueueStats(queueNumber), { waiting: 4 })
            holder.child.kill('SIGCONT')
            await holder.close()
            return passedSince(place)
          }
        }
      }

      t.test('packets of other kinds and of other taps are not touched', async (t) => {
        const { queueing } = await open({ iptablesVariant })
        await queueing.apply([served('tap0', { mode: 'bridged', whenDown: 'drop', ra: false })])
        passedSince('bridged')
        passedSince('routed')
        sendFrom(world.bridged, [
          udpFrame({ port: 68 }),
          udpFrame({ port: 53 }),
          solicitationFrame(),
        ])
        t.equal(passedSince('bridged'), 3)
        sendFrom(world.routed, [udpFrame({}), solicitationFrame()])
        t.equal(passedSince('routed'), 2)
      })

      t.test('a flushed table is noticed and repaired', async (t) => {
        const { queueing } = await open({ iptablesVariant })
        await queueing.apply([served('tap2', { whenDown: 'drop' })])
        t.same(await queueing.check(), [])
        run(`iptables${iptablesVariant}`, '-t', 'raw', '-F')
        run(`iptables${iptablesVariant}`, '-t', 'raw', '-X')
        sendFrom(world.routed, [udpFrame({})])
        t.equal(passedSince('routed'), 1, 'without the rules a request gets past')
        t.match(await queueing.check(), [/^missing: PREROUTING/, 'chain OKEANID-DHCP4 is missing'])
        t.same(await queueing.check(), [])
        sendFrom(world.routed, [udpFrame({})])
        t.equal(passedSince('routed'), 0)
      })

      t.test(
        'taps come and go in small steps, also when somebody flushed in between',
        async (t) => {
          const { queueing } = await open({ iptablesVariant })
          const taps = (...names: readonly string[]) => names.map((name) => served(name))
          t.equal((await queueing.apply(taps('tap2', 'tap3'))).entryCount, 8)
          t.equal((await queueing.apply(taps('tap3', 'tap4'))).entryCount, 8)
          t.same(await queueing.check(), [])
          run(`iptables${iptablesVariant}`, '-t', 'raw', '-F')
          await queueing.apply(taps('tap4'))
          await queueing.check()
          t.same(await queueing.check(), [])
        },
      )

      t.test('among many taps each finds its rule', async (t) => {
        const { queueing } = await open({ iptablesVariant })
        const others = Array.from({ length: 100 }, (_, n) => served(`tap${n + 3}`, { mode: 'ext' }))
        const silent = [
          served('tap0', { mode: 'bridged', whenDown: 'drop' }),
          served('tap2', { whenDown: 'drop' }),
        ]
        await queueing.apply([...others, ...silent])
        t.same(await queueing.check(), [])
        sendFrom(world.bridged, [udpFrame({}), solicitationFrame()])
        sendFrom(world.routed, [udpFrame({}), solicitationFrame()])
        t.same([passedSince('bridged'), passedSince('routed')], [0, 0])
        await queueing.apply(others)
        t.same(await queueing.check(), [])
        sendFrom(world.bridged, [udpFrame({}), solicitationFrame()])
        sendFrom(world.routed, [udpFrame({}), solicitationFrame()])
        t.same([passedSince('bridged'), passedSince('routed')], [2, 2])
      })

      t.test('rules of others in the same table stay, also when ours go', async (t) => {
        const program = `iptables${iptablesVariant}`
        run(program, '-t', 'raw', '-A', 'PREROUTING', '-i', 'eth9', '-j', 'ACCEPT')
        const others = () =>
          run(`${program}-save`, '-t', 'raw')
            .split('\n')
            .filter((line) => line.startsWith('-A'))
            .join('\n')
        const { queueing, journal } = await open({ iptablesVariant })
        await queueing.apply([served('tap2')])
        t.match(others().split('\n')[0], /OKEANID/, 'ours come first')
        t.same(await removeQueueing({ numbers, journal, iptablesVariant }), {
          removed: ['iptables'],
          restored: [],
        })
        t.equal(others(), '-A PREROUTING -i eth9 -j ACCEPT')
        t.same(await removeQueueing({ numbers, journal, iptablesVariant }), {
          removed: [],
          restored: [],
        })
        run(program, '-t', 'raw', '-F')
      })
    })
  }

  t.test(
    'br_netfilter is switched on where it is needed, and off again with the rules',
    async (t) => {
      const state = () => [sysctl(bridgeSysctls[4]), sysctl(bridgeSysctls[6])]
      sysctl(bridgeSysctls[4], '0')
      sysctl(bridgeSysctls[6], '0')
      const { queueing, journal } = await open()
      await queueing.apply([served('tap2')])
      t.same(state(), ['0', '0'], 'routed taps do without')
      await queueing.apply([
        served('tap0', { mode: 'bridged', ra: false, nd: false, dhcp6: false }),
      ])
      t.same(state(), ['1', '0'])
      await queueing.apply([served('tap0', { mode: 'bridged' })])
      t.same(state(), ['1', '1'])
      t.same(
        journal.changes().map(({ name }) => name),
        [bridgeSysctls[4], bridgeSysctls[6]],
      )
      sysctl(bridgeSysctls[6], '0')
      await queueing.check()
      t.same(state(), ['1', '1'], 'somebody’s reload of sysctl.conf is repaired')
      const { restored } = await removeQueueing({ numbers, journal })
      t.same(
        restored.map(({ name }) => name),
        [bridgeSysctls[4], bridgeSysctls[6]],
      )
      t.same(state(), ['0', '0'])
      t.same(journal.changes(), [])
    },
  )

  t.test('a value that somebody else changed meanwhile is left as it is', async (t) => {
    const { queueing, journal } = await open()
    await queueing.apply([served('tap0', { mode: 'bridged' })])
    sysctl(bridgeSysctls[4], '0')
    const { restored } = await removeQueueing({ numbers, journal })
    t.same(
      restored.map(({ name }) => name),
      [bridgeSysctls[6]],
    )
    t.same(sysctl(bridgeSysctls[6]), '0')
  })
})

/** The process does nothing more (state T of proc_pid_stat(5)). */
function stopped(pid: number | undefined): Promise<true> {
  return until(
    'the process to stop',
    () => / T /.test(run('cat', `/proc/${pid}/stat`)) || undefined,
  )
}
