import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { openStore } from '#central/store/store.js'
import { ownFolder } from '../../support/own-folder.js'
import { incoming, take } from '../update/rows.js'

const program = path.resolve('dist/central/bin/okeanid-central.js')

t.test('okeanid-central dead-letters lists, tells, tries again and forgets', async (t) => {
  const folder = ownFolder(t)
  const config = path.join(folder, 'central.ini')
  const url = `sqlite:${path.join(folder, 'central.db')}`
  writeFileSync(config, `[store]\nurl = ${url}\nsecret_key_file = ${path.join(folder, 'key')}\n`)
  const store = await openStore({ url })
  await take(store, [
    incoming('not JSON'),
    incoming({ type: 'eventd-heartbeat' }, { headers: { schema: 9 } }),
  ])
  await store.write((tx) =>
    tx.updateTable('dead_letters').set({ headers: '{}' }).where('id', '=', 2).execute(),
  )
  await store.close()
  const run = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [program, 'dead-letters', ...args, '--config', config],
      { encoding: 'utf8' },
    )
    return { status, stdout, stderr }
  }
  t.match(run('list'), { status: 0, stdout: /1 .* the body is not JSON\n2 .* newer than/ })
  t.match(run('show', '1'), { status: 0, stdout: /^body +not JSON$/m })
  t.match(run('show', '7'), { status: 2, stderr: /there is no dead letter 7/ })
  t.match(run('replay'), { status: 2, stderr: /--all/ })
  t.match(run('replay', '--all'), { status: 1, stdout: /1: still dead: .*\n2: taken\n/ })
  t.match(JSON.parse(run('list', '--json').stdout), [{ id: 1, tries: 2 }])
  t.match(run('purge', '1'), { status: 0, stdout: '1 forgotten\n' })
  t.match(run('list'), { status: 0, stdout: 'there are no dead letters\n' })
})
