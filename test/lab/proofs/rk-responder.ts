/**
 * Real clients against both roles of the agent over nft's `queue`, on Debian's own kernel: runs inside `lab rk`
 * (test/lab/responder-nft.test.ts starts it). Prints one line for each claim, `ok …` or `not ok …`, and ends with the count of the
 * latter. What the clients are told is looked at by test/clients; here it is whether all that works by this way too.
 */
import { startAgent } from '../../clients/agent.js'
import { startUdhcpc } from '../../clients/udhcpc.js'
import { beyond, type Guest, type GuestNic, networks, openSite } from '../../support/site.js'
import { until } from '../../support/until.js'
import { createClaims } from './claims.js'

const { claim, failureCount } = createClaims()

/** The routers' addresses: on the bridge the host's own, on routed taps the one that all taps of all nodes have. */
const routers = { bridged: 'fe80::a800:ff:fe00:b000', routed: 'fe80::ce47:52ff:fe4e:4554' }

/** What rdisc6 prints of advertisements: lifetime, prefix, sender. */
function advertised(text: string): readonly string[] {
  const wanted = /^ *(?:Router lifetime|Prefix|from) +:? *(\S+)/gm
  return [...text.matchAll(wanted)].map(([, value = '']) => value)
}

function onlyNic({ nics: [nic] }: Guest) {
  if (nic === undefined) throw new Error('a guest without NIC')
  return nic
}

/** Whether the NIC gets the address that its guest makes of the advertised prefix. */
async function hasAddress({ guest, device, ip6 }: GuestNic): Promise<boolean> {
  const found = until(ip6, async () => {
    const addresses = await guest.sh(`ip -6 -o addr show dev ${device} -tentative`)
    return addresses.includes(`${ip6}/`) || undefined
  })
  return await found.catch(() => false)
}

await using site = await openSite()
const { tags } = networks.bridged
const asGateway = {
  network: { ...networks.bridged, tags: [...tags, 'okeanid:ra', 'okeanid:gateway'] },
}
const guests = {
  bridged: onlyNic(await site.addGuest('bb1', { nics: ['bridged'], binding: asGateway })),
  routed: onlyNic(await site.addGuest('bb2', { nics: ['routed'] })),
}
await using agent = await startAgent(site, { count: 2, deadlineMs: 120_000 })

const rules = {
  bridged: await site.host.sh('nft list table bridge okeanid'),
  routed: await site.host.sh('nft list table inet okeanid'),
}
const others = await site.host.sh('iptables-save; ip6tables-save')
claim('nothing is queued by iptables', others.includes('NFQUEUE'), false)

for (const mode of ['bridged', 'routed'] as const) {
  const nic = guests[mode]
  claim(`${mode}: queued by nft`, /\bqueue\b/.test(rules[mode]), true)

  const before = await agent.outcomes()
  const client = startUdhcpc(nic)
  const lease = await client.next()
  claim(
    `${mode}: udhcpc has its lease`,
    ['event', 'ip', 'hostname', 'router'].map((name) => lease[name]),
    ['bound', nic.ip, nic.guest.name, nic.gateway],
  )
  client.program.signal('SIGUSR1')
  const renewed = await client.next()
  claim(`${mode}: and renews it`, [renewed['event'], renewed['ip']], ['renew', nic.ip])
  await client.program.stop()
  const { text: pinged } = await nic.guest.run(['ping', '-c', '1', '-W', '5', beyond.ip])
  claim(`${mode}: what is beyond its gateway answers`, pinged.includes(' 1 received'), true)

  const { text } = await nic.guest.run(['rdisc6', '-1', '-n', '-w', '5000', nic.device])
  claim(`${mode}: rdisc6 hears of a router, once`, advertised(text), [
    '1800',
    networks[mode].subnet6,
    routers[mode],
  ])
  claim(`${mode}: the kernel’s SLAAC makes its address`, await hasAddress(nic), true)

  const after = await agent.outcomes()
  const answers = ['offer', 'ack', 'router-advertisement']
  const counted = answers.filter((answer) => (after[answer] ?? 0) > (before[answer] ?? 0))
  claim(`${mode}: the responder says that it answered`, counted, answers)
}
process.exitCode = Math.min(failureCount(), 100)
