import t from 'tap'
import { until } from '../support/until.js'
import { labUnavailable } from './command.js'
import { openLab } from './lab.js'

/** The nics role, as it is installed, over guests of a real Ganeti: what others do to their NICs is undone, and guests run on. */

const skip = labUnavailable() ?? false

interface Listed {
  readonly instance: string | null
  readonly tap: string
  readonly state: string
  readonly stance: string | null
  readonly isAdopted: boolean
}

t.test('repair on a real node', { skip }, async (t) => {
  const lab = await openLab({ nodes: 1, hasBroker: false, hasApi: false })
  t.teardown(() => lab.close())
  await lab.deploy()
  await lab.execOk('n1', ['systemctl', 'start', 'okeanid-nics'])
  const n1 = async (script: string) => (await lab.execOk('n1', ['sh', '-ec', script])).trim()
  await lab.vm.add('br1', { node: 'n1', mode: 'bridged', ip: '192.0.2.31' })
  await lab.vm.add('rt1', { node: 'n1', mode: 'routed', ip: '203.0.113.31' })
  const list = async () => JSON.parse(await n1('okeanid nic list --json')) as readonly Listed[]
  const stances = async () =>
    (await list())
      .filter(({ instance }) => instance !== null)
      .map(({ instance, stance, state }) => `${instance?.split('.')[0]} ${stance} ${state}`)
      .sort()
  const settled = (wanted: readonly string[]) =>
    until(
      wanted.join(', '),
      async () => ((await stances()).join() === wanted.join() ? true : undefined),
      { deadlineMs: 60_000, everyMs: 500 },
    )
  const kept = ['br1 enforce ok', 'rt1 enforce ok']
  const tapOf = async (name: string) =>
    (await list()).find(({ instance }) => instance?.startsWith(`${name}.`))?.tap ?? ''
  const journal = () => n1('journalctl -u okeanid-nics --no-pager -o cat')
  const repairs = async () => (await journal()).match(/nic-repaired/g)?.length ?? 0
  const running = () => n1('gnt-instance list --no-headers -o name,status')
  const qemus = () => n1('cat /run/ganeti/kvm-hypervisor/pid/*')

  await settled(kept)
  const pids = await qemus()
  const [bridged, routed] = [await tapOf('br1'), await tapOf('rt1')]

  t.test('what nic up has made is right: nothing was repaired', async (t) => {
    t.equal(await repairs(), 0, await journal())
  })

  for (const [what, harm] of [
    ['rules of a bridged guest', `nft delete chain netdev okeanid from_${bridged}`],
    ['a rule of a routed guest', `nft insert rule netdev okeanid from_${routed} accept`],
    ['the bridge', `ip link set ${bridged} nomaster`],
    [
      'routes and proxies',
      `ip route flush dev ${routed} proto 110 table all; ip link set ${routed} down`,
    ],
    ['the whole ruleset', 'nft flush ruleset'],
  ] as const) {
    t.test(`${what}: mended`, async () => {
      const before = await repairs()
      await n1(harm)
      await until('a repair', async () => ((await repairs()) > before ? true : undefined))
      await settled(kept)
    })
  }

  t.test('what is flushed while the role is stopped is back when it starts', async (t) => {
    await n1(`systemctl stop okeanid-nics; nft list chain netdev okeanid from_${bridged}`)
    await n1('nft flush ruleset')
    t.match((await stances()).join(), /missing/)
    await n1('systemctl start okeanid-nics')
    await settled(kept)
  })

  t.test('taken away, guests run on; put on a node full of guests, it adopts them', async (t) => {
    await n1('systemctl stop okeanid-nics; okeanid hooks remove >/dev/null')
    t.match(await running(), /br1.* running(?:.|\n)*rt1.* running/)
    await n1('nft flush ruleset; rm -r /var/lib/okeanid/nics/taps')
    await n1('okeanid hooks install >/dev/null; systemctl start okeanid-nics')
    await settled(['br1 observe ok', 'rt1 observe ok'])
    await n1('okeanid nic enforce')
    await settled(kept)
    t.ok((await list()).every(({ isAdopted, instance }) => instance === null || isAdopted))
    t.equal(await qemus(), pids, 'the same QEMUs all the time')
  })

  t.test('a QEMU that dies leaves nothing behind', async (t) => {
    await n1('kill -9 $(cat /run/ganeti/kvm-hypervisor/pid/rt1.lab.example)')
    await until('its tap is forgotten', async () => {
      return (await journal()).includes(`nic-gone tap=${routed} `) || undefined
    })
    // the queueing rules go by a task of their own; the count of its connections is the kernel's, and goes with the last of them
    const itsOwn = new RegExp(`\\b(?:from_)?${routed}\\b|203\\.0\\.113\\.31`)
    await until('nothing of it to be left', async () => {
      const left = await n1(
        'nft list ruleset; ip rule; ip neigh show proxy; ls /run/okeanid/nics /var/lib/okeanid/nics/taps',
      )
      return itsOwn.test(left.replaceAll(/^.* ct count over .*$/gm, '')) ? undefined : true
    })
    t.pass('rules, proxies, files: nothing of it is left')
  })
})
