/**
 * Queueing by nft, on Debian's own kernel: runs inside `lab rk` (test/lab/queueing.test.ts starts it), for the kernels of
 * containers have no `queue` in nft. Prints one line for each claim, `ok …` or `not ok …`, and ends with the count of the latter.
 * With argument `record` it prints what nft says of the tables instead: test/fixtures/nft.
 */
import { bridgeSysctls } from '#kernel/br-netfilter.js'
import { readFragmentLoss } from '#kernel/host-facts.js'
import { openPacketQueue } from '#kernel/packet-queue.js'
import { readQueueStats } from '#kernel/queue-stats.js'
import { openQueueing, removeQueueing } from '#kernel/queueing.js'
import type { ServedTap } from '#nic/queueing/plan.js'
import { sendFrom, solicitationFrame, udpFrame } from '../../kernel/guest.js'
import {
  makeWorld,
  memoryJournal,
  numbers,
  open,
  passedSince,
  served,
  sysctl,
} from '../../kernel/queueing-world.js'
import { run } from '../../support/own-network.js'
import { until } from '../../support/until.js'
import { createClaims } from './claims.js'

const { claim, failureCount } = createClaims()

/**
 * Listens to a queue and drops what comes. Frames are sent synchronously, so to the kernel we are paused while they come, and listen
 * when we wait for {@link received}.
 */
async function listen(queueNumber: number, isFailOpen = false) {
  let count = 0
  const queue = openPacketQueue({
    queueNumber,
    defaultVerdict: 'drop',
    maxLength: 4,
    isFailOpen,
    onBatch: (_batch, some) => {
      count += some
    },
    onProblem: ({ message }) => claim(`queue ${queueNumber}`, message, undefined),
  })
  const received = async (): Promise<number> => {
    await until('an empty queue', () => readQueueStats(queueNumber)?.waiting === 0 || undefined)
    return count
  }
  await until('the queue', () => readQueueStats(queueNumber))
  return { received, close: queue.close }
}

const journal = memoryJournal()
const remove = () => removeQueueing({ numbers, journal })
const world = makeWorld()

async function put(...taps: readonly ServedTap[]) {
  await remove()
  const { queueing } = await open({ manage: 'auto', journal })
  const { manager } = await queueing.apply(taps)
  passedSince('bridged')
  passedSince('routed')
  return { queueing, manager }
}

async function record(): Promise<void> {
  await put(
    served('tap0', { mode: 'bridged', whenDown: 'drop', nd: false }),
    served('tap1', { mode: 'bridged' }),
    served('tap2'),
    served('gnt.com.3', { mode: 'ext', ra: false, nd: false, dhcp6: false }),
  )
  for (const family of ['bridge', 'inet']) {
    process.stdout.write(
      `LISTING ${family} ${run('nft', '-j', 'list', 'table', family, 'okeanid')}\n`,
    )
  }
}

/** Nobody there, somebody there, paused, too much: for each kind of tap and of packet. */
async function situations(): Promise<void> {
  for (const place of ['bridged', 'routed'] as const) {
    for (const [what, frame, number] of [
      ['DHCP', udpFrame({}), numbers.dhcp4],
      ['RS', solicitationFrame(), numbers.ra],
    ] as const) {
      const send = (count: number) => sendFrom(world[place], Array<Uint8Array>(count).fill(frame))
      for (const whenDown of ['pass', 'drop'] as const) {
        const name = `${place} ${what} ${whenDown}`
        const queueNumber = number + (whenDown === 'drop' ? numbers.dropOffset : 0)
        const { manager } = await put(served(world[place].tap, { mode: place, whenDown }))
        claim(`${name}: by nft`, manager, 'nft')
        send(3)
        claim(`${name}: nobody listens`, passedSince(place), whenDown === 'pass' ? 3 : 0)
        const isFailOpen = whenDown === 'pass'
        const { received, close } = await listen(queueNumber, isFailOpen)
        send(3)
        claim(
          `${name}: all come to whoever listens`,
          [await received(), passedSince(place)],
          [3, 0],
        )
        send(10)
        claim(`${name}: while we are busy four wait`, readQueueStats(queueNumber)?.waiting, 4)
        claim(`${name}: the rest overflows`, passedSince(place), isFailOpen ? 6 : 0)
        claim(`${name}: and then the four are heard`, await received(), 7)
        close()
      }
    }
  }
}

/** Frames that a guest made with care. */
async function crafted(): Promise<void> {
  const taps = [
    served('tap0', { mode: 'bridged', whenDown: 'drop' }),
    served('tap2', { whenDown: 'drop' }),
  ]
  await put(...taps)
  const dhcp = udpFrame({})
  const tagged = Buffer.concat([
    dhcp.subarray(0, 12),
    Buffer.from([0x81, 0, 0, 5]),
    dhcp.subarray(12),
  ])
  sendFrom(world.bridged, [tagged])
  claim('a frame that the guest tagged itself is not ours', passedSince('bridged'), 1)
  const rs = Buffer.from(solicitationFrame())
  const hopByHop = Buffer.concat([
    rs.subarray(0, 54),
    Buffer.from([58, 0, 1, 4, 0, 0, 0, 0]),
    rs.subarray(54),
  ])
  hopByHop[20] = 0
  hopByHop[19] = 16
  sendFrom(world.bridged, [hopByHop])
  sendFrom(world.routed, [hopByHop])
  claim(
    'an extension header hides no solicitation',
    [passedSince('bridged'), passedSince('routed')],
    [0, 0],
  )
  const first = Buffer.from(udpFrame({ payload: '12345678' }))
  first[20] = 0x20 // more fragments follow
  checksumOf(first)
  const later = Buffer.from(first)
  later[20] = 0
  later[21] = 2
  checksumOf(later)
  sendFrom(world.bridged, [first])
  claim('a first fragment with the ports is queued', passedSince('bridged'), 0)
  sendFrom(world.bridged, [later])
  claim('a later fragment has no ports and goes on', passedSince('bridged'), 1)
  sendFrom(world.bridged, [udpFrame({ port: 68 }), udpFrame({ port: 53 })])
  claim('other ports are not touched', passedSince('bridged'), 2)
}

/** What stands before us, and what behind. */
async function order(): Promise<void> {
  for (const [place, family] of [
    ['bridged', 'bridge'],
    ['routed', 'inet'],
  ] as const) {
    await put(served(world[place].tap, { mode: place }))
    const guard = (priority: number) =>
      run(
        'nft',
        `add table ${family} guard; add chain ${family} guard g { type filter hook prerouting priority ${priority}; }; add rule ${family} guard g udp dport 67 drop`,
      )
    guard(-300)
    sendFrom(world[place], [udpFrame({})])
    claim(`${place}: a bypassed request still meets the server guard`, passedSince(place), 0)
    run('nft', `delete table ${family} guard`)
    guard(-320)
    const { received, close } = await listen(numbers.dhcp4)
    sendFrom(world[place], [udpFrame({})])
    claim(`${place}: what anti-spoofing drops does not reach us`, await received(), 0)
    close()
    run('nft', `delete table ${family} guard`)
  }
}

async function upkeep(): Promise<void> {
  const many = Array.from({ length: 1000 }, (_, n) => served(`tap${n + 1000}`, { mode: 'bridged' }))
  const { queueing } = await put(...many)
  const startedMs = performance.now()
  await queueing.apply([...many, served('tap0', { mode: 'bridged', whenDown: 'drop' })])
  process.stdout.write(
    `#  one tap more beside 1000: ${Math.round(performance.now() - startedMs)} ms\n`,
  )
  claim('all is as it should be', await queueing.check(), [])
  sendFrom(world.bridged, [udpFrame({})])
  claim('the new tap is served', passedSince('bridged'), 0)
  run('nft', 'flush', 'chain', 'bridge', 'okeanid', 'queueing')
  run('nft', 'delete', 'table', 'inet', 'okeanid')
  sendFrom(world.bridged, [udpFrame({})])
  claim('without the rules a request gets past', passedSince('bridged'), 1)
  claim('the loss is noticed', await queueing.check(), [
    'rules of table bridge okeanid are not as we made them',
    'table inet okeanid is missing',
  ])
  sendFrom(world.bridged, [udpFrame({})])
  claim('and repaired', [passedSince('bridged'), await queueing.check()], [0, []])
  run('nft', 'flush', 'set', 'bridge', 'okeanid', 'ra_pass')
  await queueing.apply(many.slice(1))
  claim('changes that no longer fit end in rules made anew', await queueing.check(), [])
  run('nft', 'add chain bridge okeanid antispoof')
  claim('removed', (await remove()).removed, ['nft'])
  const left = run('nft', 'list', 'tables')
  claim(
    'a table with somebody else’s chain stays, an empty one goes',
    [/bridge okeanid/.test(left), /inet okeanid/.test(left)],
    [true, false],
  )
  run('nft', 'delete table bridge okeanid')
}

/** From nft to iptables and back: never both. */
async function changeOfManager(): Promise<void> {
  const tap = served('tap0', { mode: 'bridged', ra: false, nd: false, dhcp6: false })
  run('modprobe', '-r', 'br_netfilter')
  await put(tap)
  claim(
    'nft needs no br_netfilter',
    run('sh', '-c', 'ls /proc/sys/net/bridge 2>/dev/null || true'),
    '',
  )
  const { queueing } = { queueing: await openQueueing({ manage: 'iptables', numbers, journal }) }
  run('iptables', '-P', 'FORWARD', 'DROP')
  const { refusals } = await queueing.apply([tap])
  claim(
    'a policy that drops keeps the module out',
    [refusals.length, run('sh', '-c', 'ls /proc/sys/net/bridge 2>/dev/null || true')],
    [1, ''],
  )
  claim('the rules of nft are gone', /okeanid/.test(run('nft', 'list', 'tables')), false)
  run('iptables', '-P', 'FORWARD', 'ACCEPT')
  await queueing.apply([tap])
  const state = () => [
    sysctl(bridgeSysctls[4]),
    sysctl(bridgeSysctls[6]),
    sysctl('net.bridge.bridge-nf-call-arptables'),
  ]
  claim('the module is loaded, and only what is needed is on', state(), ['1', '0', '0'])
  const lossOf = async (filtering: 0 | 1) => {
    run('ip', 'link', 'set', 'br0', 'type', 'bridge', 'vlan_filtering', String(filtering))
    return [(await readFragmentLoss(4)).bridges, (await readFragmentLoss(6)).bridges]
  }
  claim('a VLAN-aware bridge loses fragments by it, as the doctor sees', await lossOf(1), [
    ['br0'],
    [],
  ])
  claim('another does not', await lossOf(0), [[], []])
  passedSince('bridged')
  const { received, close } = await listen(numbers.dhcp4)
  sendFrom(world.bridged, [udpFrame({})])
  claim('iptables queues as well', [await received(), passedSince('bridged')], [1, 0])
  close()
  claim(
    'removed, and all sysctls are as before',
    [(await remove()).removed, state()],
    [['iptables'], ['0', '0', '0']],
  )
}

function checksumOf(frame: Buffer): void {
  frame.writeUInt16BE(0, 24)
  let sum = 0
  for (let at = 14; at < 34; at += 2) sum += frame.readUInt16BE(at)
  while (sum > 0xffff) sum = (sum >>> 16) + (sum & 0xffff)
  frame.writeUInt16BE(0xffff - sum, 24)
}

if (process.argv[2] === 'record') await record()
else for (const part of [situations, crafted, order, upkeep, changeOfManager]) await part()
process.stdout.write(`${failureCount()} failures\n`)
process.exit(failureCount() === 0 ? 0 : 1)
