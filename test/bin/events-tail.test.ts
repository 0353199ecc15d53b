import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { humanLine } from '#bin/events-tail.js'

t.test('an instance name cannot paint the terminal of whoever follows', async (t) => {
  const line = humanLine({
    routingKey: 'ganeti.vm.event.op',
    messageId: '1',
    timestampSeconds: 0,
    headers: { 'cloudEvents:subject': 'vm\u001b[2J\nfake' },
    body: '{"status":"success","operation":"OP_X"}',
  })
  t.match(line, 'vm\\u001b[2J\\u000afake')
  t.notMatch(line, /\p{Cc}/u)
})

t.test('a folder among the files to replay is named and passed over', async (t) => {
  const dir = t.testdir()
  mkdirSync(path.join(dir, 'job-5'))
  const argv = ['dist/agent/bin/okeanid.js', 'events', 'replay', dir]
  const { status, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' })
  t.equal(status, 0)
  t.equal(stderr, 'job-file-unreadable file=job-5 code=EISDIR\n')
})
