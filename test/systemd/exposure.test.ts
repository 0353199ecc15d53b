import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import t from 'tap'

/** Unit -> the most that systemd-analyze may find exposed, in tenths. */
const limits = {
  'okeanid-agent': 20,
  'okeanid-central': 15,
  'okeanid-responder': 15,
  'okeanid-nics': 28,
  'okeanid-hooks': 28,
  'okeanid-forward@': 15,
} as const

const program = '/usr/bin/systemd-analyze'

for (const [unit, limit] of Object.entries(limits)) {
  const name = `${unit} exposes at most ${limit / 10}`
  t.test(name, { skip: existsSync(program) ? false : 'no systemd here' }, async (t) => {
    const file = `systemd/${unit}.service`
    const args = ['security', '--offline=yes', '--no-pager', `--threshold=${limit}`, file]
    const { status, stdout } = spawnSync(program, args, { encoding: 'utf8' })
    t.match(stdout, /Overall exposure level/)
    t.equal(status, 0, stdout.trim().split('\n').at(-1) ?? '')
  })
}
