import t from 'tap'
import { createLog, type LogFields, type LogLevel } from '#service/log.js'

function lines(
  level: LogLevel,
  withPriority: boolean,
  write: (log: ReturnType<typeof createLog>) => void,
): string {
  const written: string[] = []
  write(createLog({ level, withPriority, write: (line) => written.push(line) }))
  return written.join('')
}

const values: readonly { name: string; fields: LogFields; line: string }[] = [
  { name: 'plain values', fields: { a: 'x/y', b: 1, c: true }, line: 'event a=x/y b=1 c=true\n' },
  { name: 'spaces and quotes', fields: { a: 'x "y" z' }, line: 'event a="x \\"y\\" z"\n' },
  {
    name: 'line ends of a hostile text',
    fields: { a: 'x\n<0>fake' },
    line: 'event a="x\\n<0>fake"\n',
  },
  { name: 'nothing', fields: { a: '', b: undefined }, line: 'event a=""\n' },
]

for (const c of values) {
  t.test(`writes ${c.name} on one line`, async (t) => {
    t.equal(
      lines('info', false, (log) => log('info', 'event', c.fields)),
      c.line,
    )
  })
}

t.test(
  'leaves out what is less important than asked for, and gives the journal priorities',
  async (t) => {
    const text = lines('warning', true, (log) => {
      log('error', 'a')
      log('warning', 'b')
      log('info', 'c')
      log('debug', 'd')
    })
    t.equal(text, '<3>a\n<4>b\n')
  },
)

t.test('marks that a terminal would obey do not get through', async (t) => {
  const lines: string[] = []
  const write = (line: string) => lines.push(line)
  createLog({ level: 'info', withPriority: false, write })('info', 'x', {
    name: 'a\u009b31m\u202eb\u2028',
  })
  t.strictSame(lines, ['x name="a\\u009b31m\\u202eb\\u2028"\n'])
})
