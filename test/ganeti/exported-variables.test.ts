import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import t from 'tap'
import { parseExported } from '#ganeti/exported-variables.js'

const odd = {
  GANETI_A: "it's 'quoted' \"twice\"",
  GANETI_B: '$HOME `id` $(id) \\ \\n ;|&<>!*?[x]{y}~#',
  GANETI_C: 'lines\nexport GANETI_EVIL=1\n: end\n\ttab\n',
  GANETI_D: '',
  GANETI_E: 'ελληνικά ⚓',
  GANETI_F: 'x'.repeat(100_000),
  PATH: '/sbin:/bin',
}

/** Shells that a host may have as /bin/sh; those that are not there are no reason to fail. */
const shells = [['dash'], ['bash', '--posix'], ['busybox', 'sh']] as const

for (const [program, ...flags] of shells) {
  const isThere = spawnSync('/bin/sh', ['-c', `command -v ${program}`]).status === 0
  t.test(
    `what ${program} exports is read as it was`,
    { skip: isThere || program === 'dash' ? false : `no ${program} here` },
    async (t) => {
      const { stdout } = spawnSync(
        `/bin/${program}`,
        [...flags, '-c', "export -p && echo ': end'"],
        { env: odd, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', maxBuffer: 1 << 20 },
      )
      const exported = parseExported(stdout)
      t.equal(exported.kind, 'variables')
      if (exported.kind !== 'variables') return
      const ganeti = [...exported.values].filter(([name]) => name in odd)
      t.same(Object.fromEntries(ganeti), odd)
      t.notOk(exported.values.has('GANETI_EVIL'))
    },
  )
}

t.test('a text that ends early is unfinished, wherever it ends', async (t) => {
  const whole =
    "export A='x\n: end\ny'\nexport B='it'\"'\"'s'\nexport C=\"\\\"\"\nexport D\n: end\n"
  t.equal(parseExported(whole).kind, 'variables')
  for (let length = 0; length < whole.length; length++)
    t.equal(parseExported(whole.slice(0, length)).kind, 'unfinished', `${length}`)
})

for (const text of [
  'x=1\n',
  "export 1='x'\n: end\n",
  'rm -rf /\n: end\n',
  ': end\n: end\n',
  '\n',
]) {
  t.test(`no such text: ${JSON.stringify(text)}`, async (t) => {
    t.equal(parseExported(text).kind, 'damaged')
  })
}

t.test('never throws, whatever the text', async (t) => {
  const word = fc.constantFrom('export ', 'A', '=', "'", '"', '\\', '$', '\n', ': end', 'x', '\0')
  fc.assert(
    fc.property(fc.array(word, { maxLength: 60 }), (words) => {
      parseExported(words.join(''))
    }),
  )
  t.pass()
})
