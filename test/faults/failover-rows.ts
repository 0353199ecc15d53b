import { until } from '../support/until.js'
import type { Row, RowContext } from './row.js'

/** Changes of the master. */
export const failoverRows: readonly Row[] = [
  {
    name: 'failover',
    title: (isShort) => `${isShort ? 2 : 5} orderly failovers, 3 nodes`,
    nodes: 3,
    isSavedByOutbox: false,
    strike: async (context) => {
      for (let round = 0; round < (context.isShort ? 2 : 5); round++) {
        const { next } = await mastersOf(context)
        await failOverTo(context, next)
        await context.pass(context.isShort ? 2 : 10)
      }
    },
  },
  {
    name: 'master-killed',
    title: (isShort) => `${isShort ? 'master' : '3 masters'} killed, 3 nodes`,
    nodes: 3,
    isSavedByOutbox: false,
    strike: async (context) => {
      const { lab } = context.world
      for (let round = 0; round < (context.isShort ? 1 : 3); round++) {
        const { master, next } = await mastersOf(context)
        await lab.stop(master, 'kill')
        await failOverTo(context, next)
        await context.pass(context.isShort ? 1 : 10)
        await lab.start(master)
        await lab.execOk(master, ['systemctl', 'start', 'okeanid-agent'])
      }
    },
  },
]

async function mastersOf({
  world: { lab },
}: RowContext): Promise<{ readonly master: string; readonly next: string }> {
  const master = await lab.master()
  const index = lab.nodes.indexOf(master)
  const next = lab.nodes[(index + 1) % lab.nodes.length]
  if (next === undefined) throw new Error('a failover needs more than one node')
  return { master, next }
}

/** Asks until it is done: while jobs hold it up, or votes are missing, Ganeti refuses. */
async function failOverTo({ world: { lab } }: RowContext, node: string): Promise<void> {
  let said = ''
  await until(
    `a failover to ${node}`,
    async () => {
      const { stdout, stderr } = await lab.exec(node, ['gnt-cluster', 'master-failover'])
      said = `${stdout}${stderr}`
      const { stdout: master } = await lab.exec(node, ['gnt-cluster', 'getmaster'])
      return master.startsWith(`${node}.`) ? true : undefined
    },
    { deadlineMs: 300_000, everyMs: 1000 },
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${said}`)
  })
}
