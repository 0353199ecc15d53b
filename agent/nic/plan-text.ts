import { assertNever } from '#result.js'
import type { Step } from './step.js'

/**
 * Steps as people read them: what each is for, and the commands that do the same; `#!` where a failure would fail the start.
 * @param rules whether the rules are shown, which are most of a plan
 */
export function formatPlan(
  steps: readonly Step[],
  { rules }: { readonly rules: 'shown' | 'hidden' },
): string {
  return steps
    .map((step) => {
      const mark = step.need === 'must' ? '#!' : '#'
      return [`${mark} ${step.what}`, ...commands(step, rules)].join('\n')
    })
    .join('\n')
    .concat('\n')
}

function commands(step: Step, rules: 'shown' | 'hidden'): readonly string[] {
  switch (step.kind) {
    case 'ip':
    case 'clear':
      return step.lines.map((line) => `ip ${line}`)
    case 'bridge':
      return step.lines.map((line) => `bridge ${line}`)
    case 'rules': {
      if (rules === 'hidden') return ['nft -f -']
      const lines = step.script.split('\n').filter((line) => line !== '')
      return lines.map((line) => `nft ${line}`)
    }
    case 'sysctl':
      return step.values.map(([path, value]) => `echo ${value} > /proc/sys/${path}`)
    case 'ovs':
      return [`ovs-vsctl ${step.args.join(' ')}`]
    case 'script':
      return [step.path]
    case 'binding':
      return [step.text.trimEnd()]
    case 'forget':
      return [`rm the binding and the record of ${step.tap}`]
    default:
      return assertNever(step)
  }
}
