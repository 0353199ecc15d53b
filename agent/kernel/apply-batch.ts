import type { Step } from '#nic/step.js'
import { type IpRequest, parseIpLine } from './ip-line.js'
import { openRtnetlink, type Rtnetlink } from './rtnetlink.js'
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
 * Applies steps of one kind: by netlink where all of their lines are of the few kinds that we know, else by as few calls of `ip -batch`
 * or `bridge -batch` as may be: one, and one more where lines want a family of their own (`-6 rule add ..`: a batch has no place for
 * options). These come last, whatever step they are of.
 */
export async function applyBatch(steps: readonly BatchStep[]): Promise<BatchEnd> {
  const requests = parseLines(steps)
  const rtnetlink = requests === undefined ? undefined : openRtnetlink()
  if (requests !== undefined && rtnetlink !== undefined)
    return applyRequests(requests, { rtnetlink, stepCount: steps.length })
  return applyByProgram(steps)
}

/** A line of a step. */
interface LineRequest {
  readonly line: string
  /** Of its step. */
  readonly index: number
  readonly request: IpRequest
}

/** All lines; undefined when there is one that only `ip` understands. */
function parseLines(steps: readonly BatchStep[]): readonly LineRequest[] | undefined {
  const parsed: LineRequest[] = []
  for (const [index, { kind, lines }] of steps.entries()) {
    for (const line of lines) {
      const request = kind === 'ip' ? parseIpLine(line) : undefined
      if (request === undefined) return undefined
      parsed.push({ line, index, request })
    }
  }
  return parsed
}

function applyRequests(
  requests: readonly LineRequest[],
  { rtnetlink, stepCount }: { readonly rtnetlink: Rtnetlink; readonly stepCount: number },
): BatchEnd {
  let begunCount = 0
  for (const { line, index, request } of requests) {
    try {
      rtnetlink.change(request)
    } catch (error) {
      return {
        doneCount: index,
        failure: { problem: `ip ${line}: ${sentence(error)}`, begunCount },
      }
    }
    begunCount = index + 1
  }
  return { doneCount: stepCount, failure: undefined }
}

async function applyByProgram(steps: readonly BatchStep[]): Promise<BatchEnd> {
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
  const rtnetlink = program === 'ip' ? openRtnetlink() : undefined
  const left = rtnetlink === undefined ? lines : lines.filter((line) => !applyOne(line, rtnetlink))
  const runs = families.map(async (family) => {
    const own = left.map(split).filter((line) => line.family === family)
    if (own.length === 0) return
    const options = [...(family === '' ? [] : [family]), '-force', '-batch', '-']
    await runProgram(program, options, input(own.map(({ text }) => text)), { timeoutMs })
  })
  await Promise.all(runs)
}

/** Whether it is a line that we know; whether it applied nobody asks. */
function applyOne(line: string, rtnetlink: Rtnetlink): boolean {
  const request = parseIpLine(line)
  if (request === undefined) return false
  try {
    rtnetlink.change(request)
  } catch {
    // passed over
  }
  return true
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

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
