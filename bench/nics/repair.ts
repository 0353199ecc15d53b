import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { askStatusSocket } from '#service/status-socket.js'
import { until } from '../../test/support/until.js'
import { cpuMs, printTable, quantile } from '../harness.js'
import { type BenchNode, batch } from './node.js'
import { exclusive, timeIn } from './timed.js'

const clean = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' }

/** How long repair takes when all is right, when rules were flushed, and when everything was removed. */
export async function measureRepair(nodes: readonly BenchNode[], rounds: number): Promise<void> {
  const rows: (readonly (string | number)[])[] = []
  const tell = (node: BenchNode, what: string, times: readonly number[], wanted: string): void => {
    const [least, p50, most] = [0, 0.5, 1].map((share) => Math.round(quantile(times, share)))
    rows.push([node.nicCount, what, least ?? '', p50 ?? '', most ?? '', wanted])
  }
  for (const node of nodes) {
    const idle = await timeIdlePasses(node, rounds)
    tell(node, 'nothing to do: okeanid nic repair, Node’s start included', idle, '≤ 1000')
    const role = await watchRole(node, rounds)
    tell(node, 'nothing to do: a pass of the role', role.passes, '≤ 1000')
    tell(node, 'flushed: rules are back, seen from outside', role.windows, '≤ 1000')
    tell(node, 'flushed: rules are back, as the role says', role.told, '≤ 1000')
    const whole = []
    for (let round = 0; round < rounds; round++) {
      await removeEverything(node)
      whole.push(await timeRepair(node))
      await isRight(node)
    }
    tell(node, 'everything was removed: okeanid nic repair', whole, '≤ 5000')
  }
  console.log(`\nRepair, ms, ${rounds} rounds\n`)
  printTable(['NICs', 'what', 'min', 'p50', 'max', 'wanted'], rows)
}

/** Passes of the command that find nothing, which must write nothing: no rule, no route, no file. */
async function timeIdlePasses(node: BenchNode, rounds: number): Promise<readonly number[]> {
  await isRight(node)
  const monitor = node.space.spawn(['ip', 'monitor', 'all'])
  await using _monitor = monitor
  await until('ip monitor', async () => {
    await node.space.sh('ip link set beyond alias woken; ip link set beyond alias ""')
    return /beyond/.test(monitor.text()) || undefined
  })
  const before = { generation: await generationOf(node), files: filesOf(node) }
  const from = monitor.text().length
  const times = []
  for (let round = 0; round < rounds; round++) times.push(await timeRepair(node))
  const after = { generation: await generationOf(node), files: filesOf(node) }
  const seen = monitor.text().slice(from)
  if (after.generation !== before.generation) throw new Error('an idle pass wrote rules')
  if (after.files !== before.files) throw new Error('an idle pass wrote files')
  // the kernel collects neighbours of groups that it has made itself
  const told = seen.split('\n').filter((line) => /tap\d/.test(line) && !/ NOARP *$/.test(line))
  if (told.length > 0) throw new Error(`an idle pass wrote ${told.slice(0, 5).join('\n')}`)
  return times
}

/** The role over a node where all is right: its passes; then rules are flushed under it. */
async function watchRole(node: BenchNode, rounds: number) {
  const role = node.space.spawn([...exclusive, ...node.argv('agent', '--role', 'nics')])
  await using _role = role
  const passes: number[] = []
  await until('the first pass', () => lastPass(node))
  for (let round = 0; round < rounds; round++) {
    const generation = await generationOf(node)
    await node.space.sh(`ip link add wake${round} type bridge`) // wakes it
    await until('the wake-up and its pass', quiet(role.pid))
    passes.push((await lastPass(node)) ?? Number.NaN)
    if ((await generationOf(node)) !== generation) throw new Error('an idle pass wrote rules')
  }
  const windows: number[] = []
  const told: number[] = []
  const script = node.programs.own('window')
  for (let round = 0; round < rounds; round++) {
    const from = role.text().length
    const tap = `tap${node.nicCount - 1}`
    const { code, text } = await node.space.run([...exclusive, process.execPath, script, tap])
    if (code !== 0) throw new Error(`${text}\nthe role: ${role.text().slice(-2000)}`)
    windows.push(Number(text))
    const [, openMs] = await role.said(/rules-back nics=\d+ open_ms=(\d+)/, { from })
    told.push(Number(openMs))
    await until('its own notifications are digested', quiet(role.pid))
  }
  await role.stop()
  for (let round = 0; round < rounds; round++) await node.space.sh(`ip link del wake${round}`)
  await isRight(node)
  return { passes, windows, told }
}

/** Milliseconds of the last whole pass. */
async function lastPass(node: BenchNode): Promise<number | undefined> {
  const text = await askStatusSocket(node.statusSocket, '/status').catch(() => undefined)
  if (text === undefined) return undefined
  const { nics } = JSON.parse(text) as {
    readonly nics: { readonly last?: { readonly tookMs: number } }
  }
  return nics.last?.tookMs
}

/** Asks whether a process has used no CPU for half a second. */
function quiet(pid: number): () => true | undefined {
  let used = -1
  let sinceMs = performance.now()
  return () => {
    const now = cpuMs(pid)
    if (now === used) return performance.now() > sinceMs + 500 ? true : undefined
    used = now
    sinceMs = performance.now()
    return undefined
  }
}

async function timeRepair(node: BenchNode): Promise<number> {
  const job = { name: 'repair', argv: node.argv('nic', 'repair'), env: clean }
  const [result] = await timeIn(node.space, [job])
  return result?.tookMs ?? Number.NaN
}

async function isRight(node: BenchNode): Promise<void> {
  const text = await node.okeanid('nic', 'repair', '--dry-run')
  if (!text.includes(`${node.nicCount} NICs, 0 not as decided`))
    throw new Error(`not as decided: ${text.slice(-2000)}`)
}

/** All rules, and all routes, lookups, neighbours and proxies of taps. */
async function removeEverything({ space }: BenchNode): Promise<void> {
  await space.sh('nft flush ruleset')
  const lines: string[] = []
  for (const family of ['-4', '-6']) {
    await space.sh(
      `ip ${family} rule flush protocol 110; ip ${family} route flush table all protocol 110`,
    )
    const shown = `${await space.sh(`ip ${family} neigh show nud permanent`)}\n${await space.sh(`ip ${family} neigh show proxy`)}`
    for (const line of shown.split('\n')) {
      const [address = '', , device = ''] = line.split(' ')
      if (/^tap/.test(device) && line.includes('lladdr'))
        lines.push(`neigh del ${address} dev ${device}`)
      else if (line.includes('proxy')) lines.push(`neigh del proxy ${address} dev ${device}`)
    }
  }
  await batch(space, lines)
}

async function generationOf({ space, programs }: BenchNode): Promise<number> {
  return Number(await space.sh(`${process.execPath} ${programs.own('generation')}`))
}

/** Names, inodes and times of all files of ours. */
function filesOf({ state, runtime }: BenchNode): string {
  const all = [state, runtime].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) =>
      path.join(folder, name),
    ),
  )
  return all
    .sort()
    .map((file) => {
      const { ino, mtimeMs, size } = statSync(file)
      return `${file} ${ino} ${mtimeMs} ${size}`
    })
    .join('\n')
}
