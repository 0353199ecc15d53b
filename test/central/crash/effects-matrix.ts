// Kills the effect path 200 times, at each of its steps and at random moments, on SQLite and on PostgreSQL, which is killed as well:
//
//     node dist/test/central/crash/effects-matrix.js [COUNT]

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { makeAuthority } from '../../support/certificates.js'
import { postgresUnavailable, startPostgres } from '../../support/postgres.js'
import { type CrashReport, type Kill, runCrashes, steps } from './effects-run.js'

const count = Number(process.argv[2] ?? 200)
const folder = mkdtempSync(path.join(tmpdir(), 'okeanid-crash-'))
const certificate = makeAuthority(path.join(folder, 'authority')).sign('cluster')
const kills: readonly Kill[] = Array.from({ length: Math.ceil(count / 2) }, (_, index) => ({
  step: index % 2 === 0 ? 'some-moment' : (steps[(index >> 1) % steps.length] ?? 'claimed'),
  count: 1 + Math.floor(Math.random() * 4),
}))

let isGood = tell(
  'SQLite',
  await runCrashes({
    url: `sqlite:${path.join(folder, 'central.db')}`,
    certificate,
    kills,
    random: Math.random,
  }),
)
const why = postgresUnavailable()
if (why === undefined) {
  await using postgres = await startPostgres()
  const report = await runCrashes({
    url: postgres.url('crash'),
    certificate,
    kills,
    random: Math.random,
    async betweenKills(index) {
      if (index % 10 !== 9) return
      await postgres.kill()
      await postgres.start()
    },
  })
  isGood = tell('PostgreSQL', report) && isGood
} else console.log(`PostgreSQL left out: ${why}`)
rmSync(folder, { recursive: true, force: true })
process.exitCode = isGood ? 0 : 1

function tell(engine: string, { serverCount, killCount, faults }: CrashReport): boolean {
  console.log(`${engine}: ${killCount} kills, ${serverCount} servers, ${faults.length} faults`)
  for (const fault of faults) console.log(`  ${fault}`)
  return faults.length === 0
}
