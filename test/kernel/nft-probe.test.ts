import { writeFileSync } from 'node:fs'
import t from 'tap'
import { bridgeSysctls } from '#kernel/br-netfilter.js'
import { canNftQueue } from '#kernel/nft.js'
import { openQueueing } from '#kernel/queueing.js'
import { readSysctl } from '#kernel/sysctl.js'
import { inOwnNetwork, run } from '../support/own-network.js'
import { memoryJournal, numbers } from './queueing-world.js'

/**
 * Who brings packets to the queues is decided once, by what nft says. On a loaded node it once said nothing in time: that was taken for
 * a no, iptables was used, and br_netfilter cut fragments off on every VLAN-aware bridge of the host.
 */
inOwnNetwork(
  import.meta.url,
  () => {
    const nft = '/usr/local/sbin/nft'
    const pretend = (script: string) =>
      writeFileSync(nft, `#!/bin/sh\n${script}\n`, { mode: 0o755 })

    t.before(() => run('mount', '-t', 'tmpfs', 'none', '/usr/local/sbin'))

    t.test('a yes and a no are taken as they are', async (t) => {
      pretend('exit 0')
      t.equal(await canNftQueue(), true)
      pretend('echo "Error: Could not process rule: No such file or directory" >&2; exit 1')
      t.equal(await canNftQueue(), false)
    })

    t.test('an nft that does not end has not said no', async (t) => {
      pretend('exec sleep 600')
      const asked = canNftQueue({ timeoutMs: 300 })
      await t.rejects(asked, { code: 'PROGRAM_FAILED', message: /nft did not end within 300 ms/ })
    })

    t.test('an nft that was killed has not either, and nothing is decided by it', async (t) => {
      pretend('kill -9 $$')
      const before = await readSysctl(bridgeSysctls[4])
      const journal = memoryJournal()
      const opened = openQueueing({ manage: 'auto', numbers, journal })
      await t.rejects(opened, { code: 'PROGRAM_FAILED', message: /nft was killed/ })
      t.same([await readSysctl(bridgeSysctls[4]), journal.changes()], [before, []])
      pretend('exit 0')
      t.equal((await openQueueing({ manage: 'auto', numbers, journal })).manager, 'nft')
    })

    t.test('where there is no nft, iptables has to do', async (t) => {
      run('umount', '/usr/local/sbin')
      run('mount', '-t', 'tmpfs', 'none', '/usr/sbin')
      t.equal(await canNftQueue(), false)
    })
  },
  { hasMounts: true },
)
