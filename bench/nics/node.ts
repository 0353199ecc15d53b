import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { openSpace, type Space } from '../../test/support/space.js'
import type { Programs } from './programs.js'

/** A node with running guests, whose NICs are half bridged and half routed, of both families. */
export interface BenchNode extends AsyncDisposable {
  readonly space: Space
  readonly nicCount: number
  readonly programs: Programs
  readonly hooks: { readonly up: string; readonly down: string }
  readonly statusSocket: string
  readonly state: string
  readonly runtime: string
  /** Runs `okeanid`, which must succeed; what it printed. */
  readonly okeanid: (...words: readonly string[]) => Promise<string>
  /** Command line of `okeanid`. */
  readonly argv: (...words: readonly string[]) => readonly string[]
}

/** As many as Ganeti lets an instance have. */
const nicsPerInstance = 8

const table = '100'

const network = {
  name: 'net1',
  uuid: '5d328a02-7063-4a18-9e5c-4715566db1ab',
  network: '10.0.0.0/16',
  gateway: '10.0.0.1',
  network6: '2001:db8:1::/64',
  gateway6: '2001:db8:1::1',
  tags: [],
} as const

/** Makes a node; its NICs are set up by adopting and enforcing them, and are right. */
export async function openNode(nicCount: number, programs: Programs): Promise<BenchNode> {
  const space = await openSpace(`nics${nicCount}`)
  const directory = path.join(space.directory, 'node')
  const state = path.join(directory, 'state')
  const runtime = path.join(directory, 'run')
  for (const folder of ['state/spool/nics', 'state/nics', 'run/nics', 'hooks'])
    mkdirSync(path.join(directory, folder), { recursive: true })
  const config = path.join(directory, 'okeanid.ini')
  writeFileSync(
    config,
    `[ganeti]\nroot = ${directory}/root\n[agent]\nstate_directory = ${state}\nruntime_directory = ${runtime}\n[queueing]\nmanage = no\n`,
  )
  const hooks = {
    up: path.join(directory, 'hooks/okeanid-nic'),
    down: path.join(directory, 'hooks/down'),
  }
  programs.hook(hooks.up, state, runtime)
  symlinkSync(hooks.up, hooks.down)
  const argv = (...words: readonly string[]) => [
    process.execPath,
    programs.okeanid,
    ...words,
    '-c',
    config,
  ]
  const okeanid = async (...words: readonly string[]): Promise<string> => {
    const { code, text } = await space.run(argv(...words))
    if (code !== 0) throw new Error(`okeanid ${words.join(' ')}: ${code}\n${text.slice(-2000)}`)
    return text
  }
  const numbers = Array.from({ length: nicCount }, (_, number) => number)
  await space.sh(`ip link add br0 type bridge forward_delay 0; ip link set br0 up
    ip link add uplink type veth peer name beyond; ip link set uplink up; ip link set beyond up
    ip route add default dev uplink table ${table}; ip -6 route add default dev uplink table ${table}
    echo 1 >/proc/sys/net/ipv6/conf/all/forwarding`)
  await batch(
    space,
    numbers.flatMap((number) => [
      `tuntap add dev tap${number} mode tap`,
      `link set dev tap${number} ${isRouted(number) ? '' : 'master br0 '}up`,
    ]),
  )
  await runInstances({ space, root: path.join(directory, 'root'), numbers })
  await okeanid('config', 'compile')
  await okeanid('nic', 'repair')
  await okeanid('nic', 'enforce')
  await okeanid('nic', 'repair')
  return {
    space,
    nicCount,
    programs,
    hooks,
    statusSocket: path.join(runtime, 'nics-role/status.sock'),
    state,
    runtime,
    okeanid,
    argv,
    [Symbol.asyncDispose]: () => space[Symbol.asyncDispose](),
  }
}

/** Runs many lines of ip. */
export async function batch(space: Space, lines: readonly string[]): Promise<void> {
  await space.sh(`ip -batch - <<'END'\n${lines.join('\n')}\nEND`)
}

/** What Ganeti's environment says of a NIC. */
export function variablesOf(number: number): Readonly<Record<string, string>> {
  const { mac, ip, uuid, nicparams } = nicOf(number)
  const { mode, link } = nicparams
  return {
    INTERFACE: `tap${number}`,
    INTERFACE_INDEX: '0',
    INTERFACE_UUID: uuid,
    INSTANCE: `bench${number}.example.com`,
    TAGS: '',
    MAC: mac,
    MODE: mode,
    LINK: link,
    ...(mode === 'bridged' ? { BRIDGE: link } : {}),
    VLAN: '',
    IP: ip,
    NETWORK_NAME: network.name,
    NETWORK_UUID: network.uuid,
    NETWORK_TAGS: '',
    NETWORK_SUBNET: network.network,
    NETWORK_GATEWAY: network.gateway,
    NETWORK_SUBNET6: network.network6,
    NETWORK_GATEWAY6: network.gateway6,
  }
}

/** Whether this NIC is a routed one; the others are bridged. */
function isRouted(number: number): boolean {
  return number % 2 === 1
}

/** A NIC as runtime files have it. */
function nicOf(number: number) {
  const high = Math.floor(number / 200)
  const low = (number % 200) + 10
  const hex = (value: number) => value.toString(16).padStart(2, '0')
  return {
    mac: `aa:00:00:00:${hex(high)}:${hex(low)}`,
    uuid: `00000000-0000-4000-8000-${number.toString().padStart(12, '0')}`,
    ip: `10.0.${high}.${low}`,
    network: network.uuid,
    netinfo: network,
    nicparams: isRouted(number)
      ? { mode: 'routed', link: table, vlan: '' }
      : { mode: 'bridged', link: 'br0', vlan: '' },
  }
}

/** One process that looks like QEMU for each instance, and Ganeti's files of them. */
async function runInstances({
  space,
  root,
  numbers,
}: {
  readonly space: Space
  readonly root: string
  readonly numbers: readonly number[]
}): Promise<void> {
  const folder = path.join(root, 'run/ganeti/kvm-hypervisor')
  for (const name of ['pid', 'conf', 'nic']) mkdirSync(path.join(folder, name), { recursive: true })
  for (let first = 0; first < numbers.length; first += nicsPerInstance) {
    const own = numbers.slice(first, first + nicsPerInstance)
    const name = `vm${first}`
    const process = space.spawn(['sh', '-c', 'echo runs; sleep infinity; :', 'qemu', '-name', name])
    await process.said(/runs/)
    mkdirSync(path.join(folder, 'nic', name))
    for (const [at, number] of own.entries())
      writeFileSync(path.join(folder, 'nic', name, String(at)), `tap${number}`)
    writeFileSync(path.join(folder, 'pid', name), `${process.pid}\n`)
    const runtime = JSON.stringify([['qemu'], own.map(nicOf), {}, []])
    writeFileSync(path.join(folder, 'conf', `${name}.runtime`), runtime)
  }
}
