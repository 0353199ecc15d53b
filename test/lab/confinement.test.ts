import { execFileSync } from 'node:child_process'
import path from 'node:path'
import t from 'tap'
import { temporaryFolder } from '../support/temporary-folder.js'
import { confinements } from '../systemd/confinement.js'
import { labUnavailable } from './command.js'
import { openLab } from './lab.js'

/** What acts look for, so that nothing is refused only because it is not there. */
const scene = `
  umask 077
  for file in /root/secret /tmp/secret /etc/okeanid/central.ini /etc/okeanid/broker.password /var/lib/ganeti/hmac.key; do
    [ -e $file ] || echo secret >$file
  done
  chgrp okeanid-central /etc/okeanid/central.ini && chmod 640 /etc/okeanid/central.ini
  chgrp okeanid /etc/okeanid/broker.password && chmod 640 /etc/okeanid/broker.password
  mkdir -p /srv/ganeti /home/somebody /var/lib/okeanid/hooks /var/lib/okeanid/nics
  install -d -o okeanid /var/lib/okeanid/events && touch /var/lib/okeanid/events/one && install -D /dev/null /etc/ssl/private/key
  echo '{}' >/var/lib/ganeti/queue/job-probe
  echo '{}' >/run/okeanid/nics/tap-probe.json
`

const skip = labUnavailable() ?? false

t.test('what each service may do and may not, tried from inside it', { skip }, async (t) => {
  await using lab = await openLab({ nodes: 1, hypervisor: 'fake', hasApi: false })
  await lab.deploy()
  const probe = path.join(temporaryFolder('probe'), 'probe')
  execFileSync('gcc', ['-O1', '-static', '-o', probe, 'test/systemd/probe.c'])
  await lab.push('n1', probe, '/usr/lib/okeanid/probe')
  const node = (script: string) => lab.execOk('n1', ['sh', '-ec', script])
  await node(scene)

  for (const { unit, refused, allowed } of confinements) {
    await t.test(unit, async (t) => {
      const words = [...refused, ...allowed].map(({ act }) => act)
      await node(
        `systemctl stop okeanid-hooks.path ${unit}
        for spool in nics hooks; do echo '{}' >/var/lib/okeanid/spool/$spool/taken.json; done
        systemctl stop ${unit}
        mkdir -p /run/systemd/system/${unit}.service.d
        printf '[Service]\\nType=oneshot\\nRestart=no\\nWatchdogSec=0\\nExecStart=\\nExecStart=/usr/lib/okeanid/probe ${words.join(' ')}\\nStandardOutput=truncate:/run/probe.out\\n' >/run/systemd/system/${unit}.service.d/probe.conf
        systemctl daemon-reload
        systemctl start ${unit}`,
      )
      const inside = readAnswers(await node('cat /run/probe.out'))
      // free, as root: what is refused is refused by the unit, and not because it is not there
      await node(
        `for role in events nics hooks responder; do mkdir -p /run/okeanid/$role-role /run/okeanid-central; done`,
      )
      const outside = readAnswers(
        await lab.execOk('n1', ['/usr/lib/okeanid/probe', ...refused.map(({ act }) => act)]),
      )
      for (const { what, act } of refused) {
        t.equal(outside.get(act), 'done', `${what}: goes without the unit (${act})`)
        t.match(inside.get(act), /^E/, `${what}: refused (${act})`)
      }
      for (const { what, act } of allowed)
        t.equal(inside.get(act), 'done', `${what}: done (${act})`)
    })
  }
})

/** Act -> `done`, or what the system said. */
function readAnswers(text: string): ReadonlyMap<string, string> {
  return new Map(
    text
      .trim()
      .split('\n')
      .map((line) => {
        const [act = '', answer = ''] = line.split('\t')
        return [act, answer] as const
      }),
  )
}
