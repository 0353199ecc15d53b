import type { DesiredNic } from './desired.js'
import type { NicFacts } from './facts.js'
import type { Step } from './step.js'
import { tapState } from './tap-state.js'

/** What /proc/sys must say before the tap is up. What may fail does so alone: each is a step. */
export function sysctlSteps(desired: DesiredNic, facts: NicFacts): readonly Step[] {
  const { sysctls } = tapState(desired, facts)
  const values = sysctls.flatMap(({ path, value, need }) =>
    need === 'must' ? [[path, value] as const] : [],
  )
  const must: Step = {
    kind: 'sysctl',
    what: `write the settings of ${desired.nic.tap}`,
    need: 'must',
    values,
  }
  const may = sysctls
    .filter(({ need }) => need === 'may')
    .map(({ path, value }) => ({
      kind: 'sysctl' as const,
      what: `set ${path}`,
      need: 'may' as const,
      values: [[path, value] as const],
    }))
  return [...(values.length === 0 ? [] : [must]), ...may]
}
