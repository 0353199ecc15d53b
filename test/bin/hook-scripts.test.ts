import { execFile } from 'node:child_process'
import { mkdirSync, readlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { ownFolder } from '../support/own-folder.js'

const run = promisify(execFile)

t.test('a shipped script comes and goes as links in the folders of its operations', async (t) => {
  const folder = ownFolder(t)
  const file = `${folder}/okeanid.ini`
  writeFileSync(file, `[scripts]\ndirectory = ${folder}/hooks\n`)
  const scripts = (...args: readonly string[]) =>
    run(process.execPath, ['dist/agent/bin/okeanid.js', 'hooks', 'scripts', ...args, '-c', file])
  const link = `${folder}/hooks/post-instance-add.d/50-dns-update`

  await t.test('enabled', async (t) => {
    t.match((await scripts('enable', 'dns-update')).stdout, `enabled  ${link}\n`)
    t.equal(readlinkSync(link), path.resolve('hooks/scripts/dns-update'))
    t.match((await scripts('enable', 'dns-update')).stdout, 'was enabled already')
    t.match((await scripts('list')).stdout, /^enabled {2}dns-update: /m)
  })
  await t.test('disabled, twice', async (t) => {
    t.match((await scripts('disable', 'dns-update')).stdout, `disabled ${link}\n`)
    t.match((await scripts('disable', 'dns-update')).stdout, 'was not enabled')
    t.match((await scripts('list')).stdout, /^shipped {2}dns-update: /m)
  })
  await t.test('what somebody else put there is not touched', async (t) => {
    mkdirSync(path.dirname(link), { recursive: true })
    writeFileSync(link, '#!/bin/sh\n')
    await t.rejects(scripts('enable', 'dns-update'), { message: /is not okeanid’s; move it away/ })
    t.match((await scripts('disable', 'dns-update')).stdout, 'was not enabled')
    t.match((await scripts('list')).stdout, `off      ${link}\n`)
  })
  await t.test('one that there is not is told with those that there are', async (t) => {
    await t.rejects(scripts('enable', 'x'), { message: /has no script x; it has dns-update/ })
  })
})
