import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { siteUnavailable } from '../support/site-unavailable.js'
import { bridged, openNode } from './nic-node.js'

/** How long a start waits for what does not come to its end: never for ever. */

const skip = siteUnavailable() ?? false

t.jobs = 2

t.test(
  'an nft that never ends is killed, and nothing is left',
  { skip, buffered: true },
  async (t) => {
    const { space, nic, file, events } = await openNode(t)
    mkdirSync(file('bin'))
    // children of its own as well, which keep its output open
    const hung = '#!/bin/sh\necho $$ >>/run/hung\nsleep 600 &\necho $! >>/run/hung.children\nwait\n'
    writeFileSync(file('bin/nft'), hung, { mode: 0o755 })
    const nft = (await space.sh('command -v nft')).trim()
    await space.sh(`mount --bind '${file('bin/nft')}' '${nft}'`)
    const { code, text } = await nic('up', bridged)
    t.equal(code, 1)
    t.match(
      text,
      /^okeanid: NIC 0 of vm1\S* \(tap0\): cannot put the rules of tap0 in place: nft did not end within 10000 ms; [^\n]*\n$/,
    )
    for (const pid of readFileSync(file('hung'), 'utf8').trim().split('\n'))
      t.throws(() => process.kill(Number(pid), 0), `${pid} is no more`)
    t.notMatch(await space.sh('ip -o link show dev tap0'), /,UP|master/)
    t.same(events(), ['failed'])
    await space.sh(`umount '${nft}'; kill $(cat /run/hung.children)`)
    t.same(await nic('up', bridged), { code: 0, text: '' }, 'a second start')
    t.match(await space.sh('ip -o link show dev tap0'), /,UP.* master br0/)
  },
)

t.test('a tap that somebody else sets up is waited for', { skip, buffered: true }, async (t) => {
  const { space, nic, file } = await openNode(t)
  const folder = file('okeanid/locks/taps')
  mkdirSync(folder, { recursive: true })
  // flock(1) as it is, but for its patience: what it was asked for is noted
  const flock = (await space.sh('command -v flock')).trim()
  await space.sh(`
    cp -L '${flock}' /run/flock
    cat >/run/hasty <<'EOF'
#!/bin/sh
echo "$*" >>/run/asked
shift 2
exec /run/flock -w 0.2 "$@"
EOF
    chmod 755 /run/hasty
    mount --bind /run/hasty '${flock}'`)
  const holder = space.spawn([
    '/run/flock',
    '--no-fork',
    `${folder}/tap0`,
    'sh',
    '-c',
    'echo $$ >"$0"; echo held; exec sleep 600',
    `${folder}/tap0`,
  ])
  await holder.said(/held/)
  t.same(await nic('up', bridged), {
    code: 1,
    text: `okeanid: NIC 0 of vm1.example.com (tap0): tap0 is being changed by process ${holder.pid} for more than 30 s; see what it waits for\n`,
  })
  t.equal(readFileSync(file('asked'), 'utf8'), '-w 30.000 3\n')
  t.notMatch(await space.sh('ip -o link show dev tap0; nft list ruleset'), /,UP.*tap0|master/)
  t.same(await nic('up', { ...bridged, INTERFACE: 'tap1' }), { code: 0, text: '' }, 'another tap')
  await holder.stop()
  t.same(await nic('up', bridged), { code: 0, text: '' }, 'and when it is free')
})
