import fc from 'fast-check'
import t from 'tap'
import { describeEnding, endingOf, parseUnitResult } from '#script/ending.js'

/** What systemd 257 said in the lab, and what is made of it. */
for (const { note, ending, words } of [
  { note: 'success exited 0', ending: { kind: 'ok' }, words: 'ok' },
  { note: 'exit-code exited 3', ending: { kind: 'failed', status: 3 }, words: 'status 3' },
  { note: 'exit-code exited 127', ending: { kind: 'failed', status: 127 }, words: 'status 127' },
  { note: 'exit-code exited 217', ending: { kind: 'unstarted' }, words: /no such user/ },
  { note: 'timeout killed TERM', ending: { kind: 'timeout' }, words: 'timeout' },
  { note: 'timeout killed KILL', ending: { kind: 'timeout' }, words: 'timeout' },
  { note: 'timeout exited 0', ending: { kind: 'timeout' }, words: 'timeout' },
  { note: 'signal killed KILL', ending: { kind: 'signal', signal: 'KILL' }, words: 'signal KILL' },
  {
    note: 'core-dump dumped SEGV',
    ending: { kind: 'signal', signal: 'SEGV' },
    words: 'signal SEGV',
  },
  { note: 'oom-kill killed KILL', ending: { kind: 'memory' }, words: 'out of memory' },
  { note: 'success killed TERM', ending: { kind: 'interrupted' }, words: 'interrupted' },
  { note: 'success killed PIPE', ending: { kind: 'signal', signal: 'PIPE' }, words: 'signal PIPE' },
  { note: 'resources - -', ending: { kind: 'unstarted' }, words: /systemd says resources/ },
]) {
  t.test(note, async (t) => {
    const result = parseUnitResult(`${note}\n`)
    const found = result && endingOf(result)
    t.match(found, ending)
    t.match(found && describeEnding(found), words)
  })
}

t.test('half a note is none', async (t) => {
  for (const text of ['', 'success', 'success exited', 'success exited 0', 'a b c d\n'])
    t.equal(parseUnitResult(text), undefined, JSON.stringify(text))
})

t.test('reading a note never throws', async () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const result = parseUnitResult(text)
      return result === undefined || endingOf(result).kind !== undefined
    }),
  )
})
