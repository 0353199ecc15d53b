/**
 * `okeanid nic repair`: makes the NICs of running instances what was decided for them, once, as the nics role does all the time. With
 * `--dry-run` it only says what it would do.
 */
import { AgentError } from '#errors.js'
import { formatPlan } from '#nic/plan-text.js'
import { loadConfig } from '#service/config.js'
import { printable, printLine } from '#service/log.js'
import { mendNics } from './mend-nics.js'
import { takeDownNic } from './nic-down.js'
import { requireRoot } from './nic-list.js'
import { repairPlaces } from './node-nics.js'
import { type ComparedNic, createComparer } from './repair-pass.js'
import { problemsOf } from './repair-report.js'
import { removeStaleRules } from './stale-rules.js'

/** How it is done and shown. */
export interface RepairOptions {
  readonly dryRun?: true
  readonly json?: true
}

/**
 * Repairs, and prints what was wrong.
 * @throws AgentError ROOT_NEEDED; HOST_BROKEN when something could not be mended
 */
export async function repairNics(
  location: { readonly file: string; readonly isRequired: boolean },
  instances: readonly string[],
  { dryRun, json }: RepairOptions,
): Promise<void> {
  requireRoot('the NICs of this node')
  const { config } = await loadConfig(location.file, location)
  const places = repairPlaces(config)
  const comparer = createComparer(places)
  const all = await comparer.compare('all')
  const isMeant = ({ nic }: Pick<ComparedNic, 'nic'>): boolean =>
    instances.length === 0 || instances.includes(nic.instance)
  const comparison = {
    ...all,
    nics: all.nics.filter(isMeant),
    survey: { ...all.survey, stale: all.survey.stale.filter((record) => isMeant(record)) },
  }
  const { stale, staleRules } = comparison.survey
  const wrong = comparison.nics.filter(({ differences }) =>
    differences.some(({ steps }) => steps.length > 0),
  )
  const problems = [...problemsOf(comparison)]
  const busy: string[] = []
  if (!dryRun) {
    for (const { nic } of stale) await takeDownNic(nic, places)
    if (instances.length === 0) await removeStaleRules(staleRules, places)
    const outcome = await mendNics(wrong, {
      places,
      node: comparer.node,
      claimLines: () => [],
    })
    busy.push(...outcome.busy)
    for (const { compared, problem } of outcome.mended)
      if (problem !== undefined) problems.push(`${compared.nic.tap}: ${problem}`)
  }
  const found = wrong.map(({ nic, differences }) => ({
    instance: nic.instance,
    tap: nic.tap,
    differences: differences.map(({ what }) => what),
    steps: differences.flatMap(({ steps }) => steps),
  }))
  const gone = [...stale.map(({ nic }) => nic.tap), ...staleRules]
  if (json)
    printLine(
      JSON.stringify({ dryRun: dryRun ?? false, nics: found, gone, busy, problems }, null, 2),
    )
  else {
    for (const { instance, tap, differences, steps } of found) {
      for (const what of differences) printLine(printable(`${tap} of ${instance}: ${what}`))
      if (dryRun) printLine(formatPlan(steps, { rules: 'hidden' }).trimEnd())
    }
    for (const tap of gone) printLine(`${tap}: gone, what it left is removed`)
    for (const tap of busy) printLine(`${tap}: nic up or down is at work there; left alone`)
    for (const problem of problems) printLine(printable(problem))
    printLine(
      `${comparison.nics.length} NICs, ${found.length} not as decided${dryRun ? '; nothing was changed' : ''}`,
    )
  }
  if (problems.length > 0)
    throw new AgentError('HOST_BROKEN', `${problems.length} NICs cannot be as decided`)
}
