import path from 'node:path'
import t from 'tap'
import { makeAuthority } from '../../support/certificates.js'
import { startFakeGaneti } from '../../support/fake-ganeti/fake-ganeti.js'
import { addInstance } from '../../support/fake-ganeti/model.js'
import { centre } from './centre.js'

t.test('a cluster is compared with the store by hand', async (t) => {
  const { folder, run } = centre(t)
  const certificate = makeAuthority(path.join(folder, 'authority')).sign('cluster')
  const ganeti = await startFakeGaneti({ certificate })
  t.teardown(() => ganeti.close())
  const good = async (args: readonly string[], input?: string) => {
    const { code, out, error } = await run(args, input)
    t.equal(code, 0, `${args.join(' ')}: ${error}`)
    return out
  }
  const found = async (...args: readonly string[]) =>
    JSON.parse(await good(['reconcile', '--json', ...args])) as readonly object[]
  const left = async () =>
    JSON.parse(await good(['reconcile', '--dry-run', '--json'])).map(
      ({ kind, name }: { readonly kind: string; readonly name: string }) => `${kind} ${name}`,
    )
  const owner = ['--cluster', 'gnt.example.org', '--project', 'ocean', '--user', 'ann']
  await good(['project', 'add', 'ocean'])
  await good(['user', 'add', 'ann', '--project', 'ocean'], 'a password of hers\n')
  const cluster = ['cluster', 'add', 'gnt.example.org', '--rapi', ganeti.url, '--no-check']
  await good([...cluster, '--ca', certificate.certFile, '--password-file', '-'], 'secret\n')

  await t.test('rebuild makes servers of what bears a name of ours', async (t) => {
    for (const name of ['snf-2', 'snf-1', 'web.example.net']) addInstance(ganeti.cluster, name)
    t.same(JSON.parse(await good(['rebuild', ...owner, '--json'])), [
      { instance: 'snf-1', serverId: 1, outcome: 'adopted' },
      { instance: 'snf-2', serverId: 2, outcome: 'adopted' },
    ])
    t.match(await good(['reconcile']), /^nothing differs: 1 cluster compared/)
  })

  await t.test('a dry run says what would be done, and does nothing', async (t) => {
    const [instance] = ganeti.cluster.instances.values()
    Object.assign(instance ?? {}, { isUp: false, isRunning: false, mtime: Date.now() / 1000 + 1 })
    addInstance(ganeti.cluster, 'snf-9')
    const plan = [
      { kind: 'unsynced-server', name: 'snf-2', outcome: 'planned', cluster: 'gnt.example.org' },
      { kind: 'orphan-instance', name: 'snf-9', outcome: 'planned' },
    ]
    t.match(await found('--dry-run'), plan)
    t.match(await good(['reconcile', '--dry-run']), /snf-2 +planned +power STARTED, not STOPPED/)
  })

  await t.test('without it the store is put right, and orphans are only told', async (t) => {
    t.match(await found('--cluster', 'gnt.example.org'), [
      { kind: 'unsynced-server', name: 'snf-2', outcome: 'told' },
      { kind: 'orphan-instance', name: 'snf-9', outcome: 'reported' },
    ])
  })

  await t.test('orphans go by their names alone, all that were named or none', async (t) => {
    const destroy = (...names: readonly string[]) =>
      run(['orphan', 'destroy', ...names, '--cluster', 'gnt.example.org'])
    for (const [name, why] of [
      ['snf-1', /snf-1 has a server: delete that/],
      ['web.example.net', /web\.example\.net is no name of ours/],
    ] as const) {
      const { code, error } = await destroy('snf-9', name)
      t.equal(code, 2, name)
      t.match(error, why)
    }
    t.match(await destroy('snf-9'), { code: 0, out: /to be removed, once okeanid-central serve/ })
    const asked = ganeti.requests.filter(({ target }) => !target.includes('/2/query/'))
    t.same(asked, [], 'by no command itself')
  })

  await t.test('what somebody made at Ganeti is adopted', async (t) => {
    const adopt = ['server', 'adopt', 'web.example.net', ...owner, '--name', 'web']
    t.match(await good(adopt), /instance web\.example\.net is server 3/)
    t.match(await run(adopt), { code: 2, error: /is server 3 already/ })
    t.same(await left(), ['orphan-instance snf-9'])
  })

  await t.test('a cluster that there is not, and one that does not answer', async (t) => {
    const unknown = await run(['reconcile', '--cluster', 'elsewhere'])
    t.match(unknown, { code: 2, error: /no cluster elsewhere/ })
    await ganeti.close()
    const { code, error } = await run(['reconcile', '--dry-run'])
    t.equal(code, 1)
    t.match(error, /no answer from https:\/\/127\.0\.0\.1:\d+/)
    t.notMatch(error, /\n {4}at /, 'no stack')
  })
})
