import t from 'tap'
import { bridgeSysctls } from '#kernel/br-netfilter.js'
import { inspectQueueing, removeQueueing } from '#kernel/queueing.js'
import { inOwnNetwork, run } from '../support/own-network.js'
import { sendFrom, udpFrame } from './guest.js'
import { makeWorld, numbers, open, passedSince, served, sysctl } from './queueing-world.js'

/**
 * Beside docker, ufw and firewalld: their rules for packets that are routed would cut the guests of a bridge off from each other if
 * br_netfilter were switched on. Rules as those programs make them, shortened.
 */

interface Neighbour {
  readonly name: string
  readonly make: () => void
  /** What the documentation of `okeanid doctor` tells the administrator to do. */
  readonly cure: () => void
  readonly undo: () => void
  readonly where: RegExp
}

const restore = (program: string, lines: readonly string[]) =>
  run('sh', '-c', `printf '%s\\n' "$@" | ${program}-restore`, 'sh', ...lines)

const docker = (variant: string): Neighbour => ({
  name: `docker with iptables${variant}`,
  make: () =>
    restore(`iptables${variant}`, [
      '*filter',
      ':INPUT ACCEPT [0:0]',
      ':FORWARD DROP [0:0]',
      ':OUTPUT ACCEPT [0:0]',
      ':DOCKER - [0:0]',
      ':DOCKER-FORWARD - [0:0]',
      ':DOCKER-USER - [0:0]',
      '-A FORWARD -j DOCKER-USER',
      '-A FORWARD -j DOCKER-FORWARD',
      '-A DOCKER ! -i docker0 -o docker0 -j DROP',
      '-A DOCKER-FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      '-A DOCKER-FORWARD -o docker0 -j DOCKER',
      '-A DOCKER-FORWARD -i docker0 -j ACCEPT',
      'COMMIT',
    ]),
  cure: () => {
    const bridged = ['-m', 'physdev', '--physdev-is-bridged', '-j', 'ACCEPT']
    run(`iptables${variant}`, '-I', 'DOCKER-USER', ...bridged)
  },
  undo: () => restore(`iptables${variant}`, ['*filter', ':FORWARD ACCEPT [0:0]', 'COMMIT']),
  where: /filter, chain FORWARD: policy drop$/,
})

const ufw: Neighbour = {
  name: 'ufw',
  make: () =>
    restore('iptables', [
      '*filter',
      ':FORWARD DROP [0:0]',
      ':ufw-before-forward - [0:0]',
      ':ufw-reject-forward - [0:0]',
      ':ufw-user-forward - [0:0]',
      '-A FORWARD -j ufw-before-forward',
      '-A FORWARD -j ufw-reject-forward',
      '-A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      '-A ufw-before-forward -p icmp -m icmp --icmp-type 8 -j ACCEPT',
      '-A ufw-before-forward -j ufw-user-forward',
      'COMMIT',
    ]),
  cure: () => {
    run('iptables', '-A', 'ufw-user-forward', '-i', 'br0', '-o', 'br0', '-j', 'ACCEPT')
  },
  undo: () => restore('iptables', ['*filter', ':FORWARD ACCEPT [0:0]', 'COMMIT']),
  where: /policy drop$/,
}

const firewalld: Neighbour = {
  name: 'firewalld',
  make: () =>
    run(
      'nft',
      `table inet firewalld {
        chain zones { iifname "eth0" goto public; }
        chain public { oifname "eth0" accept; }
        chain filter_FORWARD { type filter hook forward priority 10; policy accept;
          ct state { established, related } accept
          ct state invalid drop
          iifname "lo" accept
          jump zones
          reject with icmpx admin-prohibited
        }
      }`,
    ),
  cure: () => {
    run('nft', 'insert rule inet firewalld filter_FORWARD iifname "br0" oifname "br0" accept')
  },
  undo: () => run('nft', 'delete table inet firewalld'),
  where: /^nft inet firewalld, chain filter_FORWARD: a rule that drops the rest$/,
}

inOwnNetwork(import.meta.url, () => {
  const world = makeWorld()
  const name = bridgeSysctls[4]
  const tap = served('tap0', { mode: 'bridged', ra: false, nd: false, dhcp6: false })
  const data = udpFrame({ port: 9999, from: [10, 9, 0, 2], to: [10, 9, 0, 77] })
  const passes = () => {
    passedSince('bridged')
    sendFrom(world.bridged, [data])
    return passedSince('bridged') === 1
  }

  for (const neighbour of [docker('-nft'), docker('-legacy'), ufw, firewalld]) {
    t.test(`beside ${neighbour.name}`, async (t) => {
      neighbour.make()
      t.teardown(neighbour.undo)
      sysctl(name, '1')
      t.notOk(passes(), 'with br_netfilter on, frames between the guests of a bridge are dropped')
      sysctl(name, '0')
      t.ok(passes())

      const { queueing, journal } = await open()
      t.teardown(() => removeQueueing({ numbers, journal }))
      const routed = served('tap2')
      const { entryCount, refusals } = await queueing.apply([tap, routed])
      t.equal(sysctl(name), '0', 'so it stays off')
      t.ok(passes())
      t.equal(entryCount, 4, 'routed taps are served')
      t.match(refusals, [{ version: 4, blocks: [{ bridge: 'br0', where: neighbour.where }] }])
      const seen = await inspectQueueing({ manage: 'iptables', numbers }, [tap, routed])
      t.match(seen, { drift: [], refusals: [{ version: 4 }] }, 'and the doctor says the same')

      neighbour.cure()
      await queueing.check()
      t.equal(sysctl(name), '1', 'when the rules let bridged frames pass, it is switched on')
      t.ok(passes())
      t.same(await queueing.check(), [])

      neighbour.undo()
      neighbour.make()
      await queueing.check()
      t.equal(sysctl(name), '0', 'and when they no longer do, off')
      t.ok(passes())
    })
  }

  t.test('what somebody else switched on stays on, and is used', async (t) => {
    docker('-nft').make()
    t.teardown(docker('-nft').undo)
    sysctl(name, '1')
    const { queueing, journal } = await open()
    const { refusals, entryCount } = await queueing.apply([tap])
    t.same({ refusals, entryCount }, { refusals: [], entryCount: 1 })
    t.same(journal.changes(), [])
    await removeQueueing({ numbers, journal })
    t.equal(sysctl(name), '1')
  })
})
