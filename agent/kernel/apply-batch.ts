import type { Step } from '#nic/step.js'
import { type ProgramRun, runProgram } from './run-program.js'

/** A step whose lines go to one of iproute2's programs. */
export type BatchStep = Extract<Step, { readonly kind: 'ip' | 'bridge' }>

/** How far a batch came. */
export interface BatchEnd {
  /** How many steps are done as a whole, from the first one on. */
  readonly doneCount: number
  /** What kept the next one from it; undefined when all are done. `begunCount`: how many steps may have changed something. */
  readonly failure: { readonly problem: string; readonly begunCount: number } | undefined
}

/** Longer than the kernel keeps rtnetlink's lock for anybody. */
const timeoutMs = 10_000

/**
 * Applies steps of one kind by as few calls of `ip -batch` or `bridge -batch` as may be: one, and one more where lines want a family
 * of their own (`-6 rule add ..`: a batch has no place for options). These come last, whatever step they are of.
 */
export async function applyBatch(steps: readonly BatchStep[]): Promise<BatchEnd> {
  const lines = steps.flatMap((step, index) =>
    step.lines.map((line) => ({ ...split(line), index })),
  )
  let begunCount = 0
  for (const family of families) {
    const group = lines.filter((line) => line.family === family)
    if (group.length === 0) continue
    const texts = group.map(({ text }) => text)
    const failed = await runBatch(steps[0]?.kind ?? 'ip', { family, lines: texts })
    if (failed === undefined) {
      begunCount = Math.max(begunCount, ...group.map(({ index }) => index + 1))
      continue
    }
    const { lineCount, problem } = failed
    // of a step whose first line failed nothing was applied: what it would have made may be somebody else's
    const begun = group.slice(0, lineCount).map(({ index }) => index + 1)
    const doneCount = group[lineCount]?.index ?? 0
    return { doneCount, failure: { problem, begunCount: Math.max(begunCount, ...begun) } }
  }
  return { doneCount: steps.length, failure: undefined }
}

const families = ['', '-4', '-6']

/** Applies the lines that apply; the others are passed over. */
export async function applyForced(
  program: BatchStep['kind'],
  lines: readonly string[],
): Promise<void> {
  const runs = families.map(async (family) => {
    const own = lines.map(split).filter((line) => line.family === family)
    if (own.length === 0) return
    const options = [...(family === '' ? [] : [family]), '-force', '-batch', '-']
    await runProgram(program, options, input(own.map(({ text }) => text)), { timeoutMs })
  })
  await Promise.all(runs)
}

async function runBatch(
  kind: BatchStep['kind'],
  { family, lines }: { readonly family: string; readonly lines: readonly string[] },
): Promise<{ readonly lineCount: number; readonly problem: string } | undefined> {
  const args = [...(family === '' ? [] : [family]), '-batch', '-']
  const { code, stderr }: ProgramRun = await runProgram(kind, args, input(lines), { timeoutMs })
  if (code === 0) return undefined
  // "Command failed -:3"
  const lineNumber = Number(/^Command failed -:(\d+)/m.exec(stderr)?.[1] ?? 1)
  const complaint = stderr.split('\n')[0]?.trim() || `ended with status ${code}`
  return {
    lineCount: lineNumber - 1,
    problem: `${kind} ${lines[lineNumber - 1] ?? ''}: ${complaint}`,
  }
}

function split(line: string): { readonly family: string; readonly text: string } {
  const family = /^-[46](?= )/.exec(line)?.[0] ?? ''
  return { family, text: line.slice(family.length).trimStart() }
}

function input(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`
}
