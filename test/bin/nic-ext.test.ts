import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { siteUnavailable } from '../support/site-unavailable.js'
import { bridged, openNode, type Variables } from './nic-node.js'

/** Mode `ext`: an administrator's scripts, run by `okeanid nic up` and `down` as Ganeti runs these. */

const skip = siteUnavailable() ?? false

const { BRIDGE: _, ...unbridged } = bridged
const ext: Variables = { ...unbridged, MODE: 'ext', LINK: 'fabric7' }

/** A shell sets its own, and tap adds some to whatever is started below it. */
const ofShellOrTap = /^(?:PWD|OLDPWD|SHLVL|_|NODE_OPTIONS|_TAPJS_\w+)=/

/** Scripts that plug the tap into br0 and note what they were told, but for what a shell sets itself. */
async function openExtNode(t: Test) {
  const node = await openNode(t, { ext_scripts: '/run/ext' })
  const told = node.file('told')
  const script = (name: 'up' | 'down', text: string) =>
    writeFileSync(
      node.file(`ext/${name}`),
      `#!/bin/sh\nset -eu\n{ echo ${name}; env | sort; } >>/run/told\n${text}\n`,
      { mode: 0o755 },
    )
  mkdirSync(node.file('ext'))
  script('up', 'ip link set dev "$INTERFACE" master br0 up')
  script('down', 'rm -f /run/claimed')
  return {
    ...node,
    script,
    /** What was noted since the last time. */
    told() {
      if (!existsSync(told)) return []
      const lines = readFileSync(told, 'utf8').split('\n').filter(Boolean)
      rmSync(told)
      return lines.filter(
        (line) => /^(?:up|down|[A-Z_0-9]+=.*)$/.test(line) && !ofShellOrTap.test(line),
      )
    },
    tapIs: () => node.space.sh('ip -o link show dev tap0'),
  }
}

/** What a script gets: Ganeti's variables, PATH and LC_ALL, and nothing else. */
function noted(name: 'up' | 'down', variables: Variables): readonly string[] {
  const own = { LC_ALL: 'C', PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' }
  const all = Object.entries({ ...variables, ...own }).map(([key, value]) => `${key}=${value}`)
  return [name, ...all.sort()]
}

t.test('its scripts are run with Ganeti’s variables and no others', { skip }, async (t) => {
  const { space, nic, told, tapIs, events } = await openExtNode(t)
  const env = { ...ext, LD_PRELOAD: '', SOMETHING: 'of the daemon' }
  t.same(await nic('up', env), { code: 0, text: '' })
  t.same(told(), noted('up', ext))
  t.match(await tapIs(), /,UP.* master br0/)
  t.match(await space.sh('nft list ruleset'), /device "tap0" .*ether saddr != aa:00:01.* drop/s)
  t.same(await nic('down', ext), { code: 0, text: '' })
  t.same(told(), [], 'nothing while the tap is there')
  await space.sh('ip link del dev tap0')
  t.same(await nic('down', ext), { code: 0, text: '' })
  t.same(told(), noted('down', ext))
  t.notMatch(await space.sh('nft list ruleset'), /tap0/)
  t.same(events(), ['up', 'down'])
})

t.test(
  'where nobody tells that a tap has gone, the next one of its name does',
  { skip },
  async (t) => {
    const { space, nic, told } = await openExtNode(t)
    t.same(await nic('up', ext), { code: 0, text: '' })
    await space.sh('ip link del dev tap0; ip tuntap add tap0 mode tap')
    told()
    const next = { ...bridged, INTERFACE_UUID: ext['INTERFACE_UUID']?.replace('e6', 'f6') ?? '' }
    t.same(await nic('up', next), { code: 0, text: '' })
    t.same(told(), noted('down', ext))
  },
)

t.test('an administrator need not have a script for the end', { skip }, async (t) => {
  const { space, nic, file, events } = await openExtNode(t)
  rmSync(file('ext/down'))
  t.same(await nic('up', ext), { code: 0, text: '' })
  await space.sh('ip link del dev tap0')
  t.same(await nic('down', ext), { code: 0, text: '' })
  t.same(events(), ['up', 'down'])
})

t.test('a script that fails fails the start, and what it did is undone', { skip }, async (t) => {
  const { space, nic, script, told, tapIs, file } = await openExtNode(t)
  script('up', "touch /run/claimed; echo 'no port left' >&2; exit 3")
  const { code, text } = await nic('up', ext)
  t.equal(code, 1)
  t.match(text, /^okeanid: NIC 0 of vm1.* \(tap0\): cannot run \/run\/ext\/up: .*no port left\n$/)
  t.same(told(), [...noted('up', ext), ...noted('down', ext)])
  t.notOk(existsSync(file('claimed')))
  t.notMatch(await tapIs(), /,UP|master/)
  t.notMatch(await space.sh('nft list ruleset'), /tap0/)
  script('up', 'ip link set dev "$INTERFACE" master br0 up')
  t.same(await nic('up', ext), { code: 0, text: '' }, 'a second start')
})

t.test('a firewall profile is refused: nothing would keep it', { skip }, async (t) => {
  const { nic, told, tapIs } = await openExtNode(t)
  t.match(await nic('up', { ...ext, TAGS: 'okeanid:firewall:0:limited' }), {
    code: 1,
    text: /: firewall profile limited cannot be kept in mode ext: .*, or the profile unprotected\n$/,
  })
  t.same(told(), [])
  t.notMatch(await tapIs(), /,UP|master/)
})
