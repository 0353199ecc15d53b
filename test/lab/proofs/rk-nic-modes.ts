/**
 * The modes of NICs that kernels of containers lack, on Debian's own kernel: runs inside `lab rk` (test/lab/nic-modes.test.ts starts
 * it). Each NIC is set up by the real `okeanid nic up`, as the package has it, and frames are sent through it. Prints one line for each
 * claim, `ok …` or `not ok …`, and ends with the count of the latter.
 *
 * A guest is a namespace whose interface is the other end of what stands for its tap.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createClaims } from './claims.js'
import { claimFaults, claimStuckSwitch } from './nic-faults.js'

const claims = createClaims()
const { claim, failureCount } = claims

const state = '/run/nic-modes'

const sections = { nic: { private_uplink: 'upp', private_bridges: 'prv* 900' } }

/** What differs from NIC to NIC. */
interface NicOptions {
  readonly mode: 'bridged' | 'openvswitch'
  readonly link: string
  readonly vlan?: string
  /** Of its instance. */
  readonly tags?: string
}

/** How a script ended. */
interface HookEnd {
  readonly code: number | null
  readonly text: string
}

function sh(script: string): string {
  const { status, stdout, stderr } = spawnSync('sh', ['-euc', script], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${script}\nended with ${status}: ${stderr}`)
  return stdout
}

/** Whether a namespace reaches an address, by pings of so many bytes. */
function reaches(namespace: string, address: string, size = 56): Promise<boolean> {
  const argv = ['netns', 'exec', namespace, 'ping', '-c', '2', '-W', '3', '-s', `${size}`, address]
  const child = spawn('ip', argv, { stdio: 'ignore' })
  return new Promise((resolve) => child.once('close', (code) => resolve(code === 0)))
}

function variables(
  number: number,
  { mode, link, vlan = '', tags = '' }: NicOptions,
): Readonly<Record<string, string>> & { readonly INTERFACE: string } {
  const hex = number.toString(16).padStart(2, '0')
  return {
    PATH: process.env['PATH'] ?? '',
    INSTANCE: `vm${number}`,
    MAC: `aa:00:00:00:00:${hex}`,
    MODE: mode,
    LINK: link,
    ...(mode === 'bridged' ? { BRIDGE: link } : {}),
    VLAN: vlan,
    TAGS: tags,
    INTERFACE: `tap${number}`,
    INTERFACE_INDEX: '0',
    INTERFACE_UUID: `00000000-0000-4000-8000-0000000000${hex}`,
  }
}

/** A guest with its tap, which is down. */
function makeGuest(number: number, addresses: readonly string[]): void {
  const hex = number.toString(16).padStart(2, '0')
  sh(`
    ip netns add g${number}
    ip link add tap${number} type veth peer name eth0 netns g${number}
    ip -n g${number} link set eth0 address aa:00:00:00:00:${hex} up`)
  for (const address of addresses) {
    const [text = '', vlan] = address.split('@')
    const device = vlan === undefined ? 'eth0' : `eth0.${vlan}`
    if (vlan !== undefined) {
      sh(`ip -n g${number} link add link eth0 name ${device} type vlan id ${vlan}
          ip -n g${number} link set ${device} up`)
    }
    sh(`ip -n g${number} addr add ${text} dev ${device}`)
  }
}

const places = ['--state-directory', state, '--runtime-directory', `${state}/run`]

function hook(verb: 'up' | 'down', number: number, options: NicOptions): Promise<HookEnd> {
  const argv = ['dist/nic.cjs', verb, ...places]
  const env = variables(number, options)
  const child = spawn(process.execPath, argv, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (part: Buffer) => {
      text += String(part)
    })
  }
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, text })))
}

async function up(number: number, options: NicOptions): Promise<void> {
  claim(`nic up of tap${number}: ${JSON.stringify(options)}`, await hook('up', number, options), {
    code: 0,
    text: '',
  })
}

/** A switch beyond an uplink, with an address of its own on each VLAN, 0 for none. */
function makeSwitch(uplink: string, vlans: readonly number[]): void {
  const namespace = `s${uplink}`
  sh(`ip netns add ${namespace}
      ip link add ${uplink} type veth peer name eth0 netns ${namespace}
      ip link set ${uplink} up
      ip -n ${namespace} link set eth0 up`)
  for (const vlan of vlans) {
    const device = vlan === 0 ? 'eth0' : `eth0.${vlan}`
    if (vlan !== 0) sh(`ip -n ${namespace} link add link eth0 name ${device} type vlan id ${vlan}`)
    sh(`ip -n ${namespace} addr add 10.${vlan % 256}.0.1/24 dev ${device}
        ip -n ${namespace} link set ${device} up`)
  }
}

/** Where each of these guests gets. */
async function reached(
  pairs: readonly (readonly [guest: string, address: string])[],
): Promise<string> {
  const answers = await Promise.all(pairs.map(([guest, address]) => reaches(guest, address)))
  return pairs
    .filter((_, index) => answers[index])
    .map((pair) => pair.join(' '))
    .join(', ')
}

/** Everything that a NIC of a VLAN reaches and does not, whatever switches there. */
async function claimVlans(
  kind: string,
  [access, trunk, both, plain]: readonly number[],
): Promise<void> {
  const all: readonly (readonly [string, string])[] = [
    [`g${access}`, '10.100.0.1'], // its VLAN
    [`g${access}`, '10.0.0.1'], // no VLAN
    [`g${access}`, '10.200.0.1'], // tagged by itself
    [`g${trunk}`, '10.100.0.1'],
    [`g${trunk}`, '10.200.0.1'],
    [`g${trunk}`, '10.0.0.1'],
    [`g${both}`, '10.100.0.1'],
    [`g${both}`, '10.200.0.1'],
    [`g${both}`, '10.0.0.1'],
    [`g${plain}`, '10.0.0.1'],
    [`g${access}`, `10.100.0.${both}`],
    [`g${trunk}`, `10.200.0.${both}`],
  ]
  const wanted = all.filter(
    ([guest, address]) =>
      (guest === `g${plain}`) === (address === '10.0.0.1') &&
      !(guest === `g${access}` && address.startsWith('10.200')),
  )
  claim(
    `${kind}: each VLAN, and no other`,
    await reached(all),
    wanted.map((pair) => pair.join(' ')).join(', '),
  )
}

function vlanGuests([access = 0, trunk = 0, both = 0, plain = 0]: readonly number[]): void {
  makeGuest(access, [`10.100.0.${access}/24`, `10.0.0.${access}/24`, `10.200.0.${access}/24@200`])
  makeGuest(trunk, [`10.0.0.${trunk}/24`, `10.100.0.${trunk}/24@100`, `10.200.0.${trunk}/24@200`])
  makeGuest(both, [`10.0.0.${both}/24`, `10.100.0.${both}/24`, `10.200.0.${both}/24@200`])
  makeGuest(plain, [`10.0.0.${plain}/24`])
}

async function vlanAwareBridge(): Promise<void> {
  makeSwitch('upv', [0, 100, 200])
  sh(`ip link add brv type bridge vlan_filtering 1
      ip link set brv up
      ip link set upv master brv`)
  const guests = [3, 4, 5, 6]
  vlanGuests(guests)
  const mode = { mode: 'bridged', link: 'brv' } as const
  await up(3, { ...mode, vlan: '.100' })
  await up(4, { ...mode, vlan: ':100:200' })
  await up(5, { ...mode, vlan: '.100:200' })
  await up(6, mode)
  await claimVlans('VLAN-aware bridge', guests)
  await up(3, { ...mode, vlan: '100' }) // the bare form, over what is there
  claim(
    'bare 100 is .100',
    await reached([
      ['g3', '10.100.0.1'],
      ['g3', '10.0.0.1'],
    ]),
    'g3 10.100.0.1',
  )
  // conntrack is at work from here on, and puts fragments together; br_netfilter, which loses them then, is nobody's to want here
  await up(5, { ...mode, vlan: '.100:200', tags: 'okeanid:firewall:0:limited' })
  const sizes = await Promise.all([
    reaches('g3', '10.100.0.1', 4000),
    reaches('g5', '10.100.0.1', 4000),
    reaches('g5', '10.200.0.1', 4000),
    reaches('supv', '10.100.0.5', 4000),
  ])
  claim('fragments leave tagged and come back', sizes, [true, true, true, true])
  const ids = sh('bridge -c vlan show dev tap3').match(/\d+ PVID|\t\s*\d+/g)?.length
  claim('the port has left the default VLAN', ids, 1)
  makeGuest(20, ['10.100.0.20/24'])
  await claimFaults(claims, {
    kind: 'VLAN-aware bridge',
    variables: variables(20, { ...mode, vlan: '.100:200' }),
    reaches: () => reaches('g20', '10.100.0.1'),
  })
  const refused = await hook('up', 6, { mode: 'bridged', link: 'plain', vlan: '.100' })
  claim(
    'a bridge that is not there',
    [refused.code, /plain does not exist/.test(refused.text)],
    [1, true],
  )
}

async function privateVlans(): Promise<void> {
  makeSwitch('upp', [907, 908])
  makeGuest(8, ['10.139.0.8/24'])
  makeGuest(9, ['10.139.0.9/24'])
  makeGuest(10, ['10.140.0.10/24', '10.139.0.10/24'])
  const on = (link: string): NicOptions => ({ mode: 'bridged', link })
  await Promise.all([up(8, on('prv7')), up(9, on('prv7')), up(10, on('prv8'))])
  claim(
    'private VLANs: their own, and no other',
    await reached([
      ['g8', '10.139.0.9'],
      ['g8', '10.139.0.1'],
      ['g10', '10.140.0.1'],
      ['g10', '10.139.0.8'],
      ['g10', '10.139.0.1'],
      ['g8', '10.139.0.10'],
    ]),
    'g8 10.139.0.9, g8 10.139.0.1, g10 10.140.0.1',
  )
  const links = (): string | undefined =>
    sh('ip -o link')
      .match(/\b(?:prv\d|upp\.\d+)\b(?=[@:])/g)
      ?.sort()
      .join(' ')
  await hook('down', 8, on('prv7'))
  claim('down changes nothing while the tap is there', await reaches('g8', '10.139.0.1'), true)
  sh('ip link del dev tap8')
  await hook('down', 8, on('prv7'))
  claim(
    'the bridge stays for the other',
    [await reaches('g9', '10.139.0.1'), links()],
    [true, 'prv7 prv8 upp.907 upp.908'],
  )
  sh('ip link del dev tap9')
  await hook('down', 9, on('prv7'))
  claim('and goes with the last', links(), 'prv8 upp.908')
  makeGuest(21, ['10.139.0.21/24'])
  await claimFaults(claims, {
    kind: 'private VLAN',
    variables: variables(21, on('prv7')),
    sections,
    reaches: () => reaches('g21', '10.139.0.1'),
  })
}

async function openvswitch(): Promise<void> {
  sh(`modprobe openvswitch
      mkdir -p /var/run/openvswitch /etc/openvswitch
      ovsdb-tool create /etc/openvswitch/proof.db /usr/share/openvswitch/vswitch.ovsschema
      ovsdb-server /etc/openvswitch/proof.db --remote=punix:/var/run/openvswitch/db.sock --detach --pidfile --log-file=/dev/null
      ovs-vsctl --no-wait init
      ovs-vswitchd --detach --pidfile --log-file=/dev/null
      ovs-vsctl --timeout=20 add-br ovs0`)
  makeSwitch('upo', [0, 100, 200])
  sh('ovs-vsctl --timeout=20 add-port ovs0 upo')
  const guests = [11, 12, 13, 14]
  vlanGuests(guests)
  const mode = { mode: 'openvswitch', link: 'ovs0' } as const
  await up(11, { ...mode, vlan: '.100' })
  await up(12, { ...mode, vlan: ':100:200' })
  await up(13, { ...mode, vlan: '.100:200' })
  await up(14, mode)
  await claimVlans('Open vSwitch', guests)
  await up(11, { ...mode, vlan: '.100' })
  claim('a second start', await reaches('g11', '10.100.0.1'), true)
  makeGuest(22, ['10.100.0.22/24'])
  const faulty = {
    kind: 'Open vSwitch',
    variables: variables(22, { ...mode, vlan: '.100' }),
    reaches: () => reaches('g22', '10.100.0.1'),
  }
  await claimFaults(claims, faulty)
  await claimStuckSwitch(claims, faulty)
  sh('ovs-vsctl --timeout=20 del-port tap22')
  sh('ip -n g11 link set eth0 address aa:00:00:00:00:77')
  claim('another hardware address is not let in', await reaches('g11', '10.100.0.1'), false)
  sh('ip link del dev tap11')
  await hook('down', 11, { ...mode, vlan: '.100' })
  claim(
    'its port is out of the database',
    sh('ovs-vsctl list-ports ovs0')
      .match(/tap\d+/g)
      ?.join(' '),
    'tap12 tap13 tap14',
  )
}

mkdirSync(`${state}/nics`, { recursive: true })
mkdirSync(`${state}/run/nics`, { recursive: true })
writeFileSync(
  `${state}/nics/config.json`,
  JSON.stringify({ version: 1, fingerprint: 'proof', sections }),
)
await vlanAwareBridge()
await privateVlans()
await openvswitch()
process.exitCode = failureCount()
