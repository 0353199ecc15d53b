import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { until } from '../support/until.js'
import { labUnavailable } from './command.js'
import { type Lab, openLab } from './lab.js'

/**
 * Post hooks on a real cluster: what Ganeti says of NICs after each operation is told once, by the master, and no job waits or fails
 * because of us. There is no broker: messages are read where they wait for it.
 */

const instance = 'h1.lab.example'
const renamed = 'h2.lab.example'
const spool = '/var/lib/okeanid/spool'

/** A message about NICs, or about an op. */
interface Told {
  readonly messageId: string
  readonly body: {
    readonly type: string
    readonly status?: string
    readonly instance_nics?: readonly unknown[]
    readonly instance: string
    readonly operation: string
    readonly jobId: number | null
    readonly nics: readonly Readonly<Record<string, unknown>>[]
  }
}

/** What the master tells of NICs and ops, from its start on, as long as the lab is up. */
function follow(lab: Lab): (type: string) => readonly Told[] {
  const { child } = lab.spawn('n1', ['okeanid', 'events', 'tail', '--from-start', '--json'])
  let text = ''
  child.stdout.on('data', (part) => {
    text += String(part)
  })
  return (type) =>
    text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Told)
      .filter(({ body }) => body.type === type)
}

async function files(lab: Lab, node: string, folder: string): Promise<number> {
  const list = `ls ${spool}/${folder} | grep -c json`
  return Number((await lab.exec(node, ['sh', '-c', list])).stdout)
}

const create = ['-t', 'diskless', '-o', 'noop+default', '-n', 'n1.lab.example']

/** Each operation, and what it leaves of the instance's NICs; undefined for one that tells of none. */
const steps = [
  {
    argv: ['gnt-instance', 'add', ...create, '--net', '0:network=pub,ip=pool', instance],
    nics: [{ index: 0, network: 'pub', mode: 'bridged', link: 'br0', ipv6: /^2001:db8:1:/ }],
  },
  {
    argv: ['gnt-instance', 'modify', '--net', 'add:link=br0,name=second', instance],
    nics: [{ index: 0 }, { index: 1, name: 'second', ip: undefined, network: undefined }],
  },
  { argv: ['gnt-instance', 'modify', '--net', '-1:remove', instance], nics: [{ index: 0 }] },
  { argv: ['gnt-instance', 'reboot', instance], nics: [{ index: 0 }] },
  {
    argv: ['gnt-instance', 'migrate', '-f', '-n', 'n2.lab.example', instance],
    nics: [{ index: 0 }],
  },
  {
    argv: ['gnt-instance', 'failover', '-f', '-n', 'n1.lab.example', instance],
    nics: [{ index: 0 }],
  },
  { argv: ['gnt-instance', 'shutdown', '--timeout=0', instance], nics: undefined },
  {
    argv: ['gnt-instance', 'rename', instance, renamed],
    nics: [{ index: 0 }],
  },
  { argv: ['gnt-instance', 'startup', renamed], nics: [{ index: 0 }] },
  { argv: ['gnt-network', 'add', '--network=198.18.0.0/24', 'extra'], nics: undefined },
  { argv: ['gnt-network', 'remove', 'extra'], nics: undefined },
  { argv: ['gnt-instance', 'remove', '-f', '--shutdown-timeout=0', renamed], nics: undefined },
] as const

t.test(
  'NICs are told after each operation, as they are then',
  { skip: labUnavailable() ?? false, timeout: 900_000 },
  async (t) => {
    await using lab = await openLab({
      ...{ nodes: 3, hypervisor: 'fake', hasApi: false, hasBroker: false },
    })
    const configFile = path.join(t.testdir(), 'okeanid.ini')
    writeFileSync(configFile, '[broker]\nurl = amqp://u:p@127.0.0.1:1/\n[events]\nheartbeat = 0s\n')
    await lab.deploy({ configFile })
    await lab.execOk('n1', ['okeanid', 'hooks', 'check'])
    for (const node of lab.nodes)
      await lab.execOk(node, ['systemctl', 'start', 'okeanid-agent', 'okeanid-nics'])
    const all = follow(lab)
    const told = () => all('ganeti-net-status')
    for (const { argv } of steps) await lab.gnt(argv)
    const expected = steps.filter(({ nics }) => nics !== undefined)
    await until('a message for each', () => told().length >= expected.length || undefined, {
      deadlineMs: 240_000,
    })
    t.match(
      told().map(({ body }) => body.nics),
      expected.map(({ nics }) => nics),
    )
    t.strictSame(
      told().map(({ body }) => body.instance),
      expected.map((_step, index) => (index < 6 ? instance : renamed)),
    )
    t.strictSame(
      told().map(({ body }) => body.nics.length),
      expected.map(({ nics }) => nics?.length),
      'a NIC that is gone is not told any more',
    )
    t.strictSame(
      all('ganeti-op-status')
        .filter(
          ({ body: { operation, status } }) =>
            /SET_PARAMS$/.test(operation) && status === 'success',
        )
        .map(({ body }) => body.instance_nics?.length),
      [2, 1],
      'an op that changes NICs tells of them as they are after it',
    )
    for (const { messageId, body } of told())
      t.match(messageId, new RegExp(`^net\\.[0-9a-f-]{36}\\.${body.jobId}\\.0\\.success\\.`))
    t.equal(new Set(told().map(({ messageId }) => messageId)).size, told().length)
    for (const node of lab.nodes)
      await until(
        'an empty spool',
        async () => (await files(lab, node, 'hooks')) === 0 || undefined,
      )
    t.equal(await files(lab, 'n2', 'net'), 2, 'n2 keeps what it saw, in case it becomes master')

    const names: string[] = []
    const stop = ['systemctl', 'stop', 'okeanid-hooks.path', 'okeanid-hooks.service']
    const job = ['gnt-instance', 'add', '--no-start', ...create, '--net', '0:link=br0']
    for (const { what, before, after } of [
      {
        what: 'is missing',
        before: `mv ${spool}/hooks /root/hooks`,
        after: `mv /root/hooks ${spool}/hooks`,
      },
      {
        what: 'is full',
        before: `cd ${spool}/hooks && for i in $(seq 1000); do : >$i-0.json; done`,
        after: `test "$(cat ${spool}/hooks/.lost)" = . && rm ${spool}/hooks/*`,
      },
      {
        what: 'is read-only',
        before: `mount --bind ${spool}/hooks ${spool}/hooks && mount -o remount,bind,ro ${spool}/hooks`,
        after: `umount ${spool}/hooks`,
      },
    ]) {
      await t.test(`no job minds that the spool ${what}`, async (t) => {
        await lab.execOk('n1', stop)
        await lab.execOk('n1', ['sh', '-c', before])
        const name = `${what.replaceAll(' ', '-')}.lab.example`
        const { code, stdout, stderr } = await lab.exec('n1', [...job, name])
        t.equal(code, 0)
        t.notMatch(`${stdout}${stderr}`, /WARNING|hook/i)
        await lab.execOk('n1', ['sh', '-c', after])
      })
      names.push(`${what.replaceAll(' ', '-')}.lab.example`)
    }
    await lab.execOk('n1', ['systemctl', 'start', 'okeanid-hooks.path'])

    await t.test('the role ends when there is nothing to do, and comes again', async (t) => {
      const isActive = ['systemctl', 'is-active', 'okeanid-hooks.service']
      await until(
        'rest',
        async () => (await lab.exec('n1', isActive)).stdout.startsWith('inactive') || undefined,
        { deadlineMs: 60_000, everyMs: 500 },
      )
      t.match(await lab.execOk('n1', ['okeanid', 'status']), /hooks: rests/)
      await lab.gnt(['gnt-node', 'modify', '--master-capable=no', 'n2.lab.example'])
      await until(
        'an empty spool',
        async () => (await files(lab, 'n1', 'hooks')) === 0 || undefined,
      )
      t.match(
        await lab.execOk('n1', ['journalctl', '-u', 'okeanid-hooks', '-o', 'cat']),
        /stopped[\s\S]*started/,
      )
    })

    for (const name of names) {
      await t.test(`of ${name} the master tells what config.data says`, async (t) => {
        const late = await until(
          'a message',
          () => told().find(({ body }) => body.instance === name),
          {
            deadlineMs: 240_000,
          },
        )
        t.match(late.messageId, /^net\.[0-9a-f-]{36}\.\d+\.0\.success\./)
        t.match(late.body.nics, [{ index: 0, mode: 'bridged', link: 'br0' }])
      })
    }
  },
)
