import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { labUnavailable } from './command.js'
import { type Lab, openLab } from './lab.js'

/**
 * NICs of guests of a real cluster are set up by the real `okeanid nic up`. Programs that it runs are replaced, one at a time, by scripts
 * before them in PATH: one that notes what it sees, others that fail.
 */

const skip = labUnavailable() ?? false

/** Notes after each transaction for a tap how many rules its chain has, and what the tap is at that moment. */
const watchfulNft = `#!/bin/bash
input=$(cat)
/usr/sbin/nft "$@" <<<"$input" || exit
for tap in $(grep -o 'device "tap[0-9]*"' <<<"$input" | grep -o 'tap[0-9]*' | sort -u); do
  echo "$tap rules=$(/usr/sbin/nft list chain netdev okeanid "from_$tap" | grep -c counter) was=$(cat "/sys/class/net/$tap/flags")" >>/root/seen
done
`

/** An nft that fails in a language of its own. */
const failingNft = `#!/bin/sh
echo 'Ger\u00e4t antwortet nicht' >&2
echo 'Command failed -:1' >&2
exit 1
`

async function place(t: Test, lab: Lab, { program, text }: { program: string; text: string }) {
  const file = path.join(t.testdir(), program)
  writeFileSync(file, text, { mode: 0o755 })
  await lab.push('n1', file, `/usr/local/sbin/${program}`)
  await lab.execOk('n1', ['chmod', '755', `/usr/local/sbin/${program}`])
  return () => lab.execOk('n1', ['rm', `/usr/local/sbin/${program}`])
}

t.test('nic up on a real cluster', { skip }, async (t) => {
  const lab = await openLab({ nodes: 2, hasBroker: false, hasApi: false })
  t.teardown(() => lab.close())
  await lab.deploy()
  const n1 = async (script: string) => (await lab.execOk('n1', ['sh', '-ec', script])).trim()
  const start = (name: string) => lab.exec('n1', ['gnt-instance', 'start', `${name}.lab.example`])

  t.test('rules are there before the link is up, bridged and routed', async (t) => {
    const remove = await place(t, lab, { program: 'nft', text: watchfulNft })
    await lab.vm.add('br1', { node: 'n1', mode: 'bridged', ip: '192.0.2.31' })
    await lab.vm.add('rt1', { node: 'n1', mode: 'routed', ip: '203.0.113.31' })
    await remove()
    const seen = (await n1('cat /root/seen')).split('\n')
    t.equal(seen.length, 2)
    for (const line of seen) {
      const [, rules = '', flags = ''] = /rules=(\d+) was=(0x[0-9a-f]+)$/.exec(line) ?? []
      t.ok(Number(rules) > 20, `${line}: rules`)
      t.equal(Number(flags) & 1, 0, `${line}: not IFF_UP yet`)
    }
    const up = await n1('for tap in tap0 tap1; do cat /sys/class/net/$tap/flags; done')
    t.match(up, /^0x1..3\n0x1..3$/)
    t.equal((await n1('nft list tables | grep -c okeanid || :').then(Number)) > 0, true)
  })

  t.test('records and bindings are for whom they are for', async (t) => {
    const modes = await n1(
      'stat -c "%a %U:%G" /run/okeanid/nics/tap0.json /var/lib/okeanid/nics/taps/tap0.json',
    )
    t.equal(modes, '640 root:okeanid-responder\n600 root:root')
  })

  /** A port gets the MTU of its bridge, and no tap can have this one. */
  async function widenBridge(): Promise<() => Promise<string>> {
    await n1('ip link set dev br0 mtu 65535')
    return () => n1('ip link set dev br0 mtu 1500')
  }

  for (const [what, failAt] of [
    ['nft', () => place(t, lab, { program: 'nft', text: failingNft })],
    ['the port of a bridge', widenBridge],
  ] as const) {
    t.test(
      `when ${what} fails, so does the start, with our sentence; then a second one works`,
      async (t) => {
        await lab.vm.stop('br1') // what it leaves up to Ganeti 3.1 is repair's: no script is run
        await n1('touch /root/mark')
        const remove = await failAt()
        const { code, stdout, stderr } = await start('br1')
        await remove()
        t.not(code, 0)
        const said = `${stdout}${stderr}`
        t.match(
          said,
          /okeanid: NIC 0 of br1\.lab\.example \(tap\d+\): cannot .*: .*(?:Ger\?+t antwortet nicht|mtu greater than device maximum)/,
        )
        t.match(said, /^[\x20-\x7e\s]*$/, 'ASCII')
        t.match(
          await lab.gnt(['gnt-job', 'list', '--no-headers', '-o', 'status']),
          /error/,
          'and the queue is readable',
        )
        const news = await n1(
          'ip -o link show type tun; find /run/okeanid/nics /var/lib/okeanid/nics/taps -type f -newer /root/mark',
        )
        t.notMatch(news, /tap0/, 'nothing was left')
        if (what !== 'nft') t.notMatch(await n1('nft list chains netdev'), /from_tap0/)
        const again = await start('br1')
        t.equal(again.code, 0, again.stderr)
        t.match(
          await n1('nft list chain netdev okeanid from_tap0; cat /sys/class/net/tap0/flags'),
          /drop(?:.|\n)*0x1..3$/,
        )
      },
    )
  }

  t.test('a soft reboot runs it again on the same NIC', async (t) => {
    await lab.gnt(['gnt-instance', 'reboot', '--type=soft', 'rt1.lab.example'])
    const rules = await n1('ip rule; ip neigh show proxy dev br0; ip route show table vmrt')
    t.equal(rules.match(/iif tap\d+ lookup vmrt/g)?.length, 1)
    t.match(rules, /^203\.0\.113\.31 .*proxy/m)
    t.match(rules, /^203\.0\.113\.31 dev tap\d+ proto 110/m)
  })

  t.test(
    'guests run on when the hooks are removed, and Ganeti sets up the next ones itself',
    async (t) => {
      t.match(await n1('okeanid hooks check'), /^ok/)
      t.match(await n1('okeanid hooks remove'), /removed +\/etc\/ganeti\/kvm-vif-bridge/)
      t.match(
        await n1('gnt-instance list --no-headers -o name,status'),
        /br1.* running(?:.|\n)*rt1.* running/,
      )
      await lab.vm.stop('br1')
      t.equal((await start('br1')).code, 0)
      t.notMatch(await n1('readlink /etc/ganeti/kvm-vif-bridge || echo none'), /okeanid/)
      t.match(await n1('okeanid hooks install'), /installed/)
    },
  )
})
