import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** What one `run` of the load generator measured (see load.c). Times count from its beginning, -1 for never. */
export interface RunResult {
  /** Exchanges completed within the time, and with those that were still under way at its end. */
  readonly done: number
  readonly total: number
  /** Per second. */
  readonly rate: number
  readonly retries: number
  readonly lost: number
  /** Answers that were wrong, and what was wrong with the first. */
  readonly bad: number
  readonly firstBad: string
  /** Answers to what had been answered or given up before. */
  readonly stray: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  /** CLOCK_MONOTONIC at the beginning, as `process.hrtime` counts. */
  readonly beganNs: bigint
  /** When the first and the last exchange of it were complete. */
  readonly firstMs: number
  readonly lastMs: number
  readonly floodSent: number
  readonly floodAnswers: number
}

/** How many of a burst's frames were answered, and after how long the last was. */
export interface BurstResult {
  readonly frames: number
  readonly answered: number
  readonly bad: number
  readonly sentMs: number
  readonly lastMs: number
}

/** Fields of a `run` or `burst` command, as load.c names them. */
export type Fields = Readonly<Record<string, string | number>>

/** The load generator: obeys one command at a time. */
export interface Generator {
  readonly pid: number
  readonly run: (fields: Fields) => Promise<RunResult>
  readonly burst: (fields: Fields) => Promise<BurstResult>
}

/** Starts the generator and waits until its interfaces are there. */
export async function startGenerator(command: readonly string[]): Promise<{
  readonly generator: Generator
  readonly child: ChildProcess
}> {
  const [program = '', ...args] = command
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const { stdin, stdout, pid } = child
  if (pid === undefined) throw new Error(`${program} does not start`)
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]()
  const nextLine = async () => {
    const { value } = await lines.next()
    if (typeof value !== 'string') throw new Error('the load generator ended')
    return value
  }
  const ask = async (verb: string, fields: Fields) => {
    const words = Object.entries(fields).map(([key, value]) => `${key}=${value}`)
    stdin.write(`${[verb, ...words].join(' ')}\n`)
    return nextLine()
  }
  await nextLine()
  return {
    child,
    generator: {
      pid,
      run: async (fields) => parseRun(await ask('run', fields)),
      burst: async (fields) => JSON.parse(await ask('burst', fields)) as BurstResult,
    },
  }
}

function parseRun(text: string): RunResult {
  const value = JSON.parse(text) as RunResult
  return { ...value, beganNs: BigInt(value.beganNs) }
}
