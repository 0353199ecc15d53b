import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { listeningAmong, listeningPaths } from '#service/listening-sockets.js'

t.test('rows of the kernel’s table that accept connections and have a path', async (t) => {
  const table = [
    'Num       RefCount Protocol Flags    Type St Inode Path',
    '0000000000000000: 00000002 00000000 00010000 0001 01 20411 /run/okeanid/nics-role/status.sock',
    '0000000000000000: 00000003 00000000 00000000 0001 03 20412 /run/okeanid/events-role/status.sock',
    '0000000000000000: 00000002 00000000 00010000 0001 01 20413 @abstract',
    '0000000000000000: 00000002 00000000 00010000 0001 01 20414 /run/with blanks/s',
    '',
  ].join('\n')
  t.strictSame(
    [...listeningPaths(table)],
    ['/run/okeanid/nics-role/status.sock', '/run/with blanks/s'],
  )
})

t.test(
  'a socket counts from when somebody listens until he ends, though its file stays',
  async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'okeanid-')) // a test's own folder has too long a path for a socket
    t.teardown(() => rmSync(folder, { recursive: true }))
    const file = path.join(folder, 's')
    const among = () => listeningAmong([['it', file]])
    t.strictSame(among(), [])
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(file, resolve))
    t.strictSame(among(), ['it'])
    await new Promise((resolve) => server.close(resolve))
    t.strictSame(among(), [])
  },
)
