import { execFile } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { nameServerUnavailable, openNameServer } from '../support/name-server.js'
import { ownFolder } from '../support/own-folder.js'

const run = promisify(execFile)
const zones = ['vm.example.org', '2.0.192.in-addr.arpa', '1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa']
const words = {
  GANETI_MASTER: 'n1.example.org',
  GANETI_INSTANCE_NAME: 'a.vm.example.org',
  GANETI_POST_INSTANCE_NIC_COUNT: '1',
  GANETI_POST_INSTANCE_NIC0_IP: '192.0.2.5',
  GANETI_POST_INSTANCE_NIC0_MAC: 'aa:00:00:11:22:33',
  GANETI_POST_INSTANCE_NIC0_NETWORK_SUBNET6: '2001:db8:1::/64',
}
const ip6 = '2001:db8:1:0:a800:ff:fe11:2233'
const reverse6 = '3.3.2.2.1.1.e.f.f.f.0.0.0.0.8.a.0.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa'

t.test(
  'the shipped script keeps the records of a real BIND',
  { skip: nameServerUnavailable() ?? false },
  async (t) => {
    const folder = ownFolder(t)
    const server = await openNameServer(path.join(folder, 'named'), zones)
    t.teardown(() => server[Symbol.asyncDispose]())
    const program = path.resolve('dist/agent/bin/okeanid.js')
    writeFileSync(`${folder}/okeanid`, `#!/bin/sh\nexec ${process.execPath} ${program} "$@"\n`)
    chmodSync(`${folder}/okeanid`, 0o755)
    const configure = (key: string): void => {
      const [forward, ...reverse] = zones
      const lines = [
        `server='127.0.0.1 ${server.port}'`,
        `zones=${forward}`,
        `reverse='${reverse.join(' ')}'`,
        key,
      ]
      writeFileSync(`${folder}/dns.conf`, `${lines.join('\n')}\n`)
    }
    const after = (operation: string, own: Readonly<Record<string, string>> = {}) =>
      run('hooks/scripts/dns-update', [], {
        env: {
          ...words,
          PATH: `${folder}:/usr/sbin:/usr/bin:/sbin:/bin`,
          OKEANID_DNS_CONF: `${folder}/dns.conf`,
          OKEANID_NODE: 'n1.example.org',
          GANETI_HOOKS_PATH: operation,
          ...own,
        },
      })
    const known = async (name: string) => ({
      a: await server.ask(name, 'A'),
      aaaa: await server.ask(name, 'AAAA'),
      ptr: await server.ask('5.2.0.192.in-addr.arpa', 'PTR'),
      ptr6: await server.ask(reverse6, 'PTR'),
    })
    configure(`key=${server.keyFile}`)

    await t.test('another node than the master does nothing', async (t) => {
      await after('instance-add', { OKEANID_NODE: 'n2.example.org' })
      t.equal((await known('a.vm.example.org')).a, '')
    })
    await t.test('add', async (t) => {
      await after('instance-add')
      const ptr = 'a.vm.example.org.\n'
      t.strictSame(await known('a.vm.example.org'), {
        a: '192.0.2.5\n',
        aaaa: `${ip6}\n`,
        ptr,
        ptr6: ptr,
      })
    })
    await t.test('twice is as once, and a new address takes the place of the old', async (t) => {
      await after('instance-modify', { GANETI_POST_INSTANCE_NIC0_IP: '192.0.2.6' })
      await after('instance-modify', { GANETI_POST_INSTANCE_NIC0_IP: '192.0.2.6' })
      t.equal((await known('a.vm.example.org')).a, '192.0.2.6\n')
      await after('instance-modify')
    })
    await t.test('rename', async (t) => {
      await after('instance-rename', { GANETI_INSTANCE_NEW_NAME: 'b.vm.example.org' })
      const ptr = 'b.vm.example.org.\n'
      t.strictSame(await known('b.vm.example.org'), {
        a: '192.0.2.5\n',
        aaaa: `${ip6}\n`,
        ptr,
        ptr6: ptr,
      })
      t.match(await known('a.vm.example.org'), { a: '', aaaa: '' })
    })
    await t.test('a removal leaves another’s PTR alone', async (t) => {
      await after('instance-remove')
      t.match(await known('b.vm.example.org'), { a: '192.0.2.5\n', ptr: 'b.vm.example.org.\n' })
      await after('instance-remove', { GANETI_INSTANCE_NAME: 'b.vm.example.org' })
      t.strictSame(await known('b.vm.example.org'), { a: '', aaaa: '', ptr: '', ptr6: '' })
    })
    await t.test('without the key the server refuses, and the script fails', async (t) => {
      configure('')
      await t.rejects(after('instance-add'), { message: /REFUSED/ })
    })
  },
)
