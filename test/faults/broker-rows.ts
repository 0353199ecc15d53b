import type { Row, RowContext } from './row.js'

/** Faults of the broker. */
export const brokerRows: readonly Row[] = [
  {
    name: 'broker-stopped',
    title: (isShort) => `broker stopped for ${isShort ? '20 s' : '10 minutes'}`,
    nodes: 1,
    isSavedByOutbox: true,
    strike: async ({ world, pass, isShort }) => {
      await world.broker.stop()
      await pass(isShort ? 20 : 600)
      await world.broker.start()
    },
  },
  {
    name: 'broker-killed',
    title: (isShort) => `broker killed -9, ${isShort ? 'once' : '5 times'}`,
    nodes: 1,
    isSavedByOutbox: true,
    strike: async ({ world, pass, isShort }) => {
      for (let kill = 0; kill < (isShort ? 1 : 5); kill++) {
        await world.broker.kill()
        await pass(5)
        await world.broker.start()
        await pass(1)
      }
    },
  },
  {
    name: 'broker-partitioned',
    title: (isShort) =>
      `broker partitioned for ${isShort ? '5 s' : '60 s'}: packets dropped, not refused`,
    nodes: 1,
    isSavedByOutbox: true,
    strike: async ({ world, pass, isShort }) => {
      await world.broker.partition()
      await pass(isShort ? 5 : 60)
      await world.broker.heal()
    },
  },
  {
    name: 'broker-alarm',
    title: (isShort) => `broker’s disk alarm for ${isShort ? '5 s' : '60 s'}`,
    nodes: 1,
    isSavedByOutbox: true,
    strike: async ({ world, pass, isShort }) => {
      await world.broker.alarm()
      await pass(isShort ? 5 : 60)
      await world.broker.endAlarm()
    },
  },
  {
    name: 'both',
    title: (isShort) => `broker stopped, and agents killed -9 ${isShort ? 2 : 10} times meanwhile`,
    nodes: 1,
    isSavedByOutbox: true,
    strike: async (context) => {
      const { world, isShort } = context
      await world.broker.stop()
      for (let kill = 0; kill < (isShort ? 2 : 10); kill++) await killAll(context)
      await world.broker.start()
    },
  },
]

async function killAll({ world, kept, forgetful, pass }: RowContext): Promise<void> {
  await pass(2)
  await Promise.all([world.agents('kill'), kept.end('SIGKILL'), forgetful.end('SIGKILL')])
  await Promise.all([kept.start(), forgetful.start()])
}
