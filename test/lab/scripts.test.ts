import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { ownFolder } from '../support/own-folder.js'
import { until } from '../support/until.js'
import { labUnavailable } from './command.js'
import { type Lab, openLab } from './lab.js'

interface KeptResult {
  readonly id: string
  readonly hook: number
  readonly target: string
  readonly ending: { readonly kind: string; readonly status?: number }
  readonly attempt: number
  readonly outputBytes: number
  readonly isCut: boolean
  readonly output?: string
}

/** A node whose hooks role runs scripts; hooks are left in its spool as the dispatcher leaves them. */
interface ScriptNode {
  addScript(operation: string, name: string, lines: readonly string[]): Promise<void>
  leave(operation: string, instance: string): Promise<void>
  results(operation: string, count: number): Promise<readonly KeptResult[]>
  sh(command: string): Promise<string>
  shown(id: string): Promise<KeptResult>
}

const configuration = `
[broker]
enabled = no
[scripts]
retries = 0
[script stubborn]
timeout = 1s
grace = 1s
output_max = 4K
[script fails]
retries = 2
retry_first = 0s
[script limited]
user = nobody
memory_max = 64M
tasks_max = 32
cpu_quota = 50%
private_network = yes
read_only = yes
`

/** Without waiting for a directory or a unit that is not there yet. */
function nodeOf(lab: Lab): ScriptNode {
  const sh = (command: string): Promise<string> => lab.execOk('n1', ['sh', '-ec', command])
  let count = 0
  return {
    sh,
    addScript: (operation, name, lines) => {
      const file = `/etc/okeanid/hooks/post-${operation}.d/${name}`
      return sh(`mkdir -p $(dirname ${file}); cat >${file} <<'END'
#!/bin/sh
${lines.join('\n')}
END
chmod 755 ${file}`).then(() => undefined)
    },
    leave: async (operation, instance) => {
      const name = `$(cat /proc/sys/kernel/random/boot_id).${String(++count).padStart(20, '0')}.1.json`
      const words = [
        'GANETI_HOOKS_PHASE=post',
        `GANETI_HOOKS_PATH=${operation}`,
        'GANETI_OP_CODE=OP_TEST',
        `GANETI_INSTANCE_NAME=${instance}`,
        'GANETI_INSTANCE_TAGS=a "b" $c',
        'LD_PRELOAD=/evil.so',
        'OKEANID_JOB_ID=7',
      ]
      const format = words.map((word) => `'${word}\\0'`).join('')
      const spool = '/var/lib/okeanid/spool/scripts'
      await sh(`umask 077; printf ${format} >/root/new.json; mv /root/new.json ${spool}/${name}`)
    },
    results: (operation, wanted) =>
      until(
        `${wanted} results of ${operation}`,
        async () => {
          const text = await sh(`okeanid hooks log --op ${operation} --json`)
          const found = text.split('\n').filter((line) => line !== '')
          return found.length < wanted
            ? undefined
            : found.map((line) => JSON.parse(line) as KeptResult)
        },
        { deadlineMs: 60_000 },
      ),
    shown: async (id) => JSON.parse(await sh(`okeanid hooks log ${id} --json`)) as KeptResult,
  }
}

t.test(
  'scripts in transient units',
  { skip: labUnavailable() ?? false, timeout: 300_000 },
  async (t) => {
    const lab = await openLab({ nodes: 1, hypervisor: 'fake', hasBroker: false, hasApi: false })
    t.teardown(() => lab.close())
    const configFile = path.join(ownFolder(t), 'okeanid.ini')
    writeFileSync(configFile, configuration)
    await lab.deploy({ configFile })
    const node = nodeOf(lab)
    await node.sh('systemctl start okeanid-hooks.service')

    await t.test('at the timeout everything that the script has started is ended', async (t) => {
      await node.addScript('stubborn', '10-stubborn', [
        "trap '' TERM",
        "(trap '' TERM; exec sleep 4711) &",
        'setsid sleep 4712 &',
        'echo it began',
        'head -c 100000 /dev/zero | tr "\\0" x',
        'sleep 4713; sleep 4714',
      ])
      await node.leave('stubborn', 'vm1')
      const [result] = await node.results('stubborn', 1)
      t.match(result, { ending: { kind: 'timeout' }, outputBytes: 4096, isCut: true })
      t.equal(await node.sh('pgrep -x -f "sleep 471[1-4]" || true'), '', 'nothing is left')
      t.match((await node.shown(result?.id ?? '')).output, /^it began\nx+$/)
    })

    await t.test(
      'a script gets Ganeti’s words and ours, its user, its limits, and no more',
      async (t) => {
        await node.addScript('limited', 'limited', [
          'tr "\\0" "\\n" </proc/self/environ; echo --',
          'id -un; pwd; readlink /proc/self/fd/0',
          'sed -n "s/: .*//p" /proc/self/net/dev | tr -d " "; touch /var/tmp/x 2>&1 && touch /var/x 2>&1',
          'while [ ! -e /etc/okeanid-go ]; do sleep 0.1; done',
        ])
        await node.sh('rm -f /etc/okeanid-go')
        await node.leave('limited', 'vm1')
        const unit = await until('the unit', async () => {
          const found = await node.sh(
            "systemctl list-units --plain --no-legend 'okeanid-hook-*-limited-1.service'",
          )
          return found.split(' ')[0] || undefined
        })
        const shown = await node.sh(
          `systemctl show -p MemoryMax,TasksMax,CPUQuotaPerSecUSec,PrivateNetwork,ProtectSystem,User,Slice ${unit}`,
        )
        for (const line of [
          'MemoryMax=67108864',
          'TasksMax=32',
          'CPUQuotaPerSecUSec=500ms',
          'User=nobody',
          'Slice=okeanid-hooks.slice',
        ])
          t.ok(shown.split('\n').includes(line), line)
        await node.sh('touch /etc/okeanid-go')
        const [result] = await node.results('limited', 1)
        const [environment = '', seen = ''] =
          (await node.shown(result?.id ?? '')).output?.split('--\n') ?? []
        const names = environment
          .trim()
          .split('\n')
          .filter((line) => !/^(?:OKEANID_NODE|PWD)=/.test(line))
        t.strictSame(names.toSorted(), [
          'GANETI_HOOKS_PATH=limited',
          'GANETI_HOOKS_PHASE=post',
          'GANETI_INSTANCE_NAME=vm1',
          'GANETI_INSTANCE_TAGS=a "b" $c',
          'GANETI_OP_CODE=OP_TEST',
          'OKEANID_ATTEMPT=1',
          `OKEANID_HOOK_ID=${result?.hook}`,
          'OKEANID_JOB_ID=7',
          'PATH=/sbin:/bin:/usr/sbin:/usr/bin',
        ])
        t.match(environment, /^OKEANID_NODE=n1\.lab\.example$/m)
        t.match(seen, /^nobody\n\/\n\/dev\/null\nlo\ntouch: .*Read-only file system\n$/)
      },
    )

    await t.test('instances side by side, each in order', async (t) => {
      // the first of vm1 ends only when that of vm2 has run; the second of vm1 comes after it
      await node.addScript('order', 'x', [
        'echo "$GANETI_INSTANCE_NAME begins" >>/root/order',
        'if [ "$GANETI_INSTANCE_NAME" = vm1 ]; then until [ -e /root/vm2 ]; do sleep 0.05; done; else touch /root/vm2; fi',
        'echo "$GANETI_INSTANCE_NAME ends" >>/root/order',
      ])
      for (const vm of ['vm1', 'vm1', 'vm2']) await node.leave('order', vm)
      t.strictSame(
        (await node.results('order', 3)).map(({ ending }) => ending.kind),
        ['ok', 'ok', 'ok'],
      )
      const lines = (await node.sh('cat /root/order'))
        .split('\n')
        .filter((line) => line.startsWith('vm1'))
      t.strictSame(lines, ['vm1 begins', 'vm1 ends', 'vm1 begins', 'vm1 ends'])
    })

    await t.test('a failure is tried again', async (t) => {
      await node.addScript('fails', 'fails', [
        'echo "attempt $OKEANID_ATTEMPT"; [ "$OKEANID_ATTEMPT" = 3 ] || exit 5',
      ])
      await node.leave('fails', 'vm1')
      const results = await node.results('fails', 3)
      t.strictSame(
        results.map(({ ending }) => ending.status ?? ending.kind),
        [5, 5, 'ok'],
      )
      const failed = await node.sh('okeanid hooks log --op fails --failed --instance vm1 --json')
      t.equal(failed.trim().split('\n').length, 2)
    })

    await t.test(
      'killed in the middle of a run, we find it again and do not run it twice',
      async (t) => {
        await node.addScript('outlives', 'x', [
          'echo "$GANETI_INSTANCE_NAME" >>/root/outlives',
          'until [ -e /root/go ]; do sleep 0.05; done; echo done',
        ])
        for (const vm of ['vm1', 'vm1']) await node.leave('outlives', vm)
        await until(
          'it to run',
          async () => (await node.sh('cat /root/outlives || true')) || undefined,
        )
        await node.sh('systemctl kill -s KILL okeanid-hooks.service')
        await until('it back', async () => {
          const journal = await node.sh('journalctl -o cat -u okeanid-hooks.service')
          return journal.includes('script-found-again') || undefined
        })
        await node.sh('touch /root/go')
        const results = await node.results('outlives', 2)
        t.strictSame(
          results.map(({ ending, attempt }) => [ending.kind, attempt]),
          [
            ['ok', 1],
            ['ok', 1],
          ],
        )
        t.equal(await node.sh('cat /root/outlives'), 'vm1\nvm1\n')
        t.equal((await node.shown(results[0]?.id ?? '')).output, 'done\n')
      },
    )

    await t.test('stopped by hand it is told as interrupted, and run again', async (t) => {
      await node.addScript('stopped', 'x', ['[ "$OKEANID_ATTEMPT" = 2 ] || exec sleep 1000'])
      await node.leave('stopped', 'vm1')
      const unit = await until('the unit', async () => {
        const found = await node.sh(
          "systemctl list-units --plain --no-legend --state=active 'okeanid-hook-*-x-1.service'",
        )
        return found.split(' ')[0] || undefined
      })
      await node.sh(`systemctl stop ${unit}`)
      const results = await node.results('stopped', 2)
      t.strictSame(
        results.map(({ ending }) => ending.kind),
        ['interrupted', 'ok'],
      )
    })

    await t.test(
      'a user that does not exist is told, and no unit of ours is left behind',
      async (t) => {
        await node.sh(
          "printf '[script nobodys]\\nuser = no-such-user\\n' >/etc/okeanid/okeanid.d-user.ini",
        )
        await node.sh(
          'mkdir -p /etc/okeanid/okeanid.d && mv /etc/okeanid/okeanid.d-user.ini /etc/okeanid/okeanid.d/user.ini',
        )
        await node.sh('systemctl restart okeanid-hooks.service')
        await node.addScript('nobodys', 'nobodys', ['exit 0'])
        await node.leave('nobodys', 'vm1')
        t.match(await node.results('nobodys', 1), [{ ending: { kind: 'unstarted' } }])
        await until('no unit', async () => {
          const left = await node.sh(
            "systemctl list-units --all --plain --no-legend 'okeanid-hook-*'",
          )
          return left === '' || undefined
        })
        t.equal(
          await node.sh(
            'ls /var/lib/okeanid/hooks/runs /var/lib/okeanid/hooks/queue | grep -v : || true',
          ),
          '\n',
        )
      },
    )
  },
)
