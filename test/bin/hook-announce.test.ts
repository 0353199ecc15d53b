import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { fields, openCapture } from '../support/capture.js'
import { siteUnavailable } from '../support/site-unavailable.js'
import { openSpace } from '../support/space.js'
import { until } from '../support/until.js'

const mac = 'aa:00:00:11:22:33'
const hook = {
  GANETI_INSTANCE_NAME: 'vm1.example.org',
  GANETI_POST_INSTANCE_NIC_COUNT: '1',
  GANETI_POST_INSTANCE_NIC0_MODE: 'bridged',
  GANETI_POST_INSTANCE_NIC0_LINK: 'br0',
  GANETI_POST_INSTANCE_NIC0_MAC: mac,
  GANETI_POST_INSTANCE_NIC0_IP: '192.0.2.5',
  GANETI_POST_INSTANCE_NIC0_NETWORK_SUBNET6: '2001:db8:1::/64',
}

t.test(
  'an instance is announced where it runs, and nowhere else',
  { skip: siteUnavailable() ?? false },
  async (t) => {
    const host = await openSpace('hookannounce')
    t.teardown(() => host[Symbol.asyncDispose]())
    await host.sh(`
    ip link add br0 type bridge forward_delay 0 mcast_snooping 0
    ip link add wire0 type veth peer name wire1
    ip link set wire0 master br0 up
    ip link set wire1 up
    ip link set br0 up
    ip tuntap add tap0 mode tap
    ip tuntap add tap1 mode tap
    for tap in tap0 tap1; do ip link set $tap master br0 up; done`)
    writeFileSync(path.join(host.directory, 'okeanid.ini'), '[ganeti]\nroot = /run/g\n')
    const wire = await openCapture(host, 'wire1')
    const announce = (env: Readonly<Record<string, string>> = {}) =>
      host.run(
        [
          process.execPath,
          path.resolve('dist/agent/bin/okeanid.js'),
          'hooks',
          'announce',
          '-c',
          '/run/okeanid.ini',
        ],
        { env: { ...hook, ...env } },
      )
    const folder = path.join(host.directory, 'g/run/ganeti/kvm-hypervisor/nic/vm1.example.org')

    await t.test('not where it has no tap', async (t) => {
      t.match(await announce(), { code: 0, text: /0 taps here, 0 frames sent/ })
    })
    mkdirSync(folder, { recursive: true })
    writeFileSync(path.join(folder, '0'), 'tap0')
    await t.test('not when the NIC is on another bridge by now', async (t) => {
      const { text } = await announce({ GANETI_POST_INSTANCE_NIC0_LINK: 'br9' })
      t.match(text, /1 taps here, 0 frames sent/)
    })
    await t.test('three times each address, from its own hardware address', async (t) => {
      t.match(await announce(), { code: 0, text: /1 taps here, 9 frames sent/ })
      const seen = async (filter: string, field: string): Promise<readonly string[]> =>
        (await fields(wire.file, `eth.src == ${mac} && ${filter}`, [field])).map((row) =>
          String(row),
        )
      const arps = await until('three ARP announcements', async () => {
        const found = await seen('arp.isannouncement', 'arp.src.proto_ipv4')
        return found.length >= 3 ? found : undefined
      })
      t.strictSame(arps, ['192.0.2.5', '192.0.2.5', '192.0.2.5'])
      const neighbours = await until('six advertisements', async () => {
        const found = await seen('icmpv6.nd.na.flag.o == 1', 'icmpv6.nd.na.target_address')
        return found.length >= 6 ? found : undefined
      })
      t.strictSame(
        new Set(neighbours),
        new Set(['2001:db8:1:0:a800:ff:fe11:2233', 'fe80::a800:ff:fe11:2233']),
      )
    })
    await t.test('what is no hook of an instance is told', async (t) => {
      t.match(await announce({ GANETI_INSTANCE_NAME: '../x' }), {
        code: 1,
        text: /no hook of an instance/,
      })
    })
  },
)
