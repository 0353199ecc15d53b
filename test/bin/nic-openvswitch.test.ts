import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { siteUnavailable } from '../support/site-unavailable.js'
import { bridged, openNode } from './nic-node.js'

/**
 * A NIC of Open vSwitch whose switch does not do as it is told. What stands for its program keeps ports as files; the real one has its
 * say on Debian's own kernel (test/lab/nic-modes.test.ts).
 */

const skip = siteUnavailable() ?? false

const { BRIDGE: _, ...unbridged } = bridged
const nicOfSwitch = { ...unbridged, MODE: 'openvswitch', LINK: 'ovs0', VLAN: '.100' }

async function openSwitch(t: Test) {
  const node = await openNode(t)
  const { space, file } = node
  mkdirSync(file('ports'))
  const program = `#!/bin/sh
case " $* " in
  *' add-port ovs0 tap0 tag=100 '*)
    if [ -e '${file('refuses')}' ]; then echo 'ovs-vsctl: no bridge named ovs0' >&2; exit 1; fi
    touch '${file('ports/tap0')}'
    if [ -e '${file('stumbles')}' ]; then echo 'ovs-vsctl: lost the database' >&2; exit 1; fi ;;
  *' --if-exists del-port tap0 '*) rm -f '${file('ports/tap0')}' ;;
  *) echo "ovs-vsctl: what is $*" >&2; exit 2 ;;
esac
`
  writeFileSync(file('ovs-vsctl'), program, { mode: 0o755 })
  await space.sh(`
    mount -t tmpfs none /usr/local/sbin
    cp '${file('ovs-vsctl')}' /usr/local/sbin/`)
  return {
    ...node,
    hasPort: () => existsSync(file('ports/tap0')),
    link: () => space.sh('ip -o link show dev tap0'),
    rules: () => space.sh('nft list ruleset'),
  }
}

for (const { fault, says } of [
  { fault: 'refuses', says: 'ovs-vsctl: no bridge named ovs0' },
  { fault: 'stumbles', says: 'ovs-vsctl: lost the database' },
]) {
  t.test(`a switch that ${fault}: nothing is left, a second start works`, { skip }, async (t) => {
    const { nic, file, hasPort, link, rules, events } = await openSwitch(t)
    writeFileSync(file(fault), '')
    t.same(await nic('up', nicOfSwitch), {
      code: 1,
      text: `okeanid: NIC 0 of vm1.example.com (tap0): cannot make tap0 a port of ovs0: ${says}\n`,
    })
    t.equal(hasPort(), false, 'what it had done is undone')
    t.notMatch(await link(), /,UP/)
    t.notMatch(await rules(), /tap0/)
    t.same(events(), ['failed'])
    rmSync(file(fault))
    t.same(await nic('up', nicOfSwitch), { code: 0, text: '' })
    t.equal(hasPort(), true)
    t.match(await link(), /,UP/)
    t.match(await rules(), /chain from_tap0/)
  })
}

t.test('a port goes with its tap', { skip }, async (t) => {
  const { space, nic, hasPort, rules } = await openSwitch(t)
  t.same(await nic('up', nicOfSwitch), { code: 0, text: '' })
  t.same(await nic('down', nicOfSwitch), { code: 0, text: '' })
  t.equal(hasPort(), true, 'but not before it')
  await space.sh('ip link del dev tap0')
  t.same(await nic('down', nicOfSwitch), { code: 0, text: '' })
  t.equal(hasPort(), false)
  t.notMatch(await rules(), /tap0/)
})
