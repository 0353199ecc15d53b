import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import {
  type Client,
  clientsOf,
  gatewayMac,
  network,
  queues,
  serverIp,
  type Topology,
} from './clients.js'
import { type Generator, startGenerator } from './generator.js'
import { compile, findProgram } from './programs.js'

/** Network namespaces of their own with a server's side, guests, and the generator that plays them. */
export interface Stage extends Disposable {
  readonly topology: Topology
  readonly clients: readonly Client[]
  /** For files of servers; removed at the end. */
  readonly directory: string
  readonly generator: Generator
  /** Runs a program in the server's namespace, waits for it, and gives what it printed. */
  readonly exec: (program: string, args: readonly string[], input?: string) => string
  /** Starts a program in the server's namespace on its core. */
  readonly spawn: (
    command: readonly string[],
    env: Readonly<Record<string, string>>,
  ) => ChildProcess
  /** Whether DHCP and router solicitations go to the queues; a packet passes while nobody listens. */
  readonly setQueueing: (isOn: boolean) => void
}

/** Cores of the generator and of the servers. */
const cores = { generator: '0', server: '1' } as const
const tapGroup = '77'
const marker = 'okeanid-bench-'

/** What a stage is to be like. */
export interface StageOptions {
  readonly topology: Topology
  readonly clientCount: number
  /** Whether server and guests run before all else on their cores: for machines that others use at the same time. */
  readonly isExclusive: boolean
}

/** Opens a stage; it is taken down with the process too, also when that is interrupted. */
export async function openStage({
  topology,
  clientCount,
  isExclusive,
}: StageOptions): Promise<Stage> {
  sweep()
  const serverNs = freshName('s')
  const clientNs = freshName('c')
  const directory = mkdtempSync(path.join(tmpdir(), marker))
  const children = new Set<ChildProcess>()
  const clients = clientsOf(clientCount, topology)
  const exec = (program: string, args: readonly string[], input = '') =>
    execFileSync('ip', ['netns', 'exec', serverNs, program, ...args], {
      input,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    })
  const close = () => {
    process.off('exit', close)
    for (const child of children) child.kill('SIGKILL')
    if (topology === 'taps') quietly('ip', ['-n', serverNs, 'link', 'del', 'group', tapGroup])
    for (const name of [serverNs, clientNs]) quietly('ip', ['netns', 'del', name])
    rmSync(directory, { recursive: true, force: true })
  }
  process.on('exit', close)
  makeNamespaces(serverNs, clientNs, topology)
  const ns = topology === 'veth' ? clientNs : serverNs
  const pin = (core: string) => [
    ...(isExclusive ? ['chrt', '--rr', '10'] : []),
    ...['taskset', '-c', core],
  ]
  const { generator, child } = await startGenerator([
    ...['ip', 'netns', 'exec', ns, ...pin(cores.generator), compile('load')],
    ...[topology, topology === 'veth' ? 'c0' : 'tap', String(clientCount), serverIp],
  ])
  children.add(child)
  if (topology === 'taps')
    exec(
      'ip',
      ['-batch', '-'],
      lines(clients, (c) => `link set ${c.device} group ${tapGroup}`),
    )
  return {
    topology,
    clients,
    directory,
    generator,
    exec,
    spawn: (command, env) => {
      const server = spawn('ip', ['netns', 'exec', serverNs, ...pin(cores.server), ...command], {
        env: { PATH: process.env['PATH'], ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      children.add(server)
      server.once('exit', () => children.delete(server))
      return server
    },
    setQueueing: (isOn) => setQueueing(exec, isOn),
    [Symbol.dispose]: close,
  }
}

/** One line of text for each client. */
export function lines(clients: readonly Client[], line: (client: Client) => string): string {
  return clients.map((client) => `${line(client)}\n`).join('')
}

function makeNamespaces(serverNs: string, clientNs: string, topology: Topology): void {
  const ip = (...args: readonly string[]) => execFileSync('ip', args)
  ip('netns', 'add', serverNs)
  ip('netns', 'add', clientNs)
  // no link-local addresses: 1,000 taps would solicit routers and detect duplicates in the middle of a run
  const sysctl = (ns: string, ...settings: readonly string[]) =>
    ip('netns', 'exec', ns, 'sysctl', '-q', '-w', ...settings)
  sysctl(serverNs, 'net.ipv6.conf.all.addr_gen_mode=1', 'net.ipv6.conf.default.addr_gen_mode=1')
  sysctl(clientNs, 'net.ipv6.conf.default.disable_ipv6=1')
  ip('-n', serverNs, 'link', 'set', 'lo', 'up')
  if (topology === 'taps') return
  const pair = ['peer', 'name', 'c0', 'netns', clientNs]
  ip(...['link', 'add', 's0', 'netns', serverNs, 'address', gatewayMac, 'type', 'veth', ...pair])
  ip('-n', serverNs, 'address', 'add', `${serverIp}/${network.length}`, 'dev', 's0')
  ip('-n', serverNs, 'link', 'set', 's0', 'up')
  ip('-n', clientNs, 'link', 'set', 'c0', 'up')
}

/** By iptables, because that works on kernels without nft's queue too. */
function setQueueing(exec: Stage['exec'], isOn: boolean): void {
  const rules = [
    ['iptables', ['-p', 'udp', '--dport', '67'], queues.dhcp],
    ['ip6tables', ['-p', 'icmpv6', '--icmpv6-type', 'router-solicitation'], queues.rs],
  ] as const
  for (const [name, match, queue] of rules) {
    const { file, env } = findProgram(`${name}-nft`)
    const variables = Object.entries(env).map(([key, value]) => `${key}=${value}`)
    const run = (...args: readonly string[]) =>
      exec('env', [...variables, file, '-w', '-t', 'mangle', ...args])
    run('-F', 'PREROUTING')
    if (!isOn) continue
    const target = ['-j', 'NFQUEUE', '--queue-num', String(queue), '--queue-bypass']
    run('-A', 'PREROUTING', ...match, ...target)
  }
}

function freshName(side: string): string {
  for (let n = 0; ; n++) {
    const name = `${marker}${process.pid}-${n}${side}`
    if (!existsSync(`/run/netns/${name}`)) return name
  }
}

/** Removes namespaces of benches that were killed. */
function sweep(): void {
  const list = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })
  for (const [name, pid] of list.matchAll(new RegExp(`^${marker}(\\d+)-\\d+[sc]`, 'gm')))
    if (!existsSync(`/proc/${pid}`)) quietly('ip', ['netns', 'del', name])
}

/** For taking down: what is gone already needs no word. */
function quietly(program: string, args: readonly string[]): void {
  try {
    execFileSync(program, args, { stdio: 'ignore' })
  } catch {
    // it is gone
  }
}
