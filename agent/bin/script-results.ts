import { mkdir, readdir, readFile, rename, stat, unlink } from 'node:fs/promises'
import path from 'node:path'
import { systemCode } from '#errors.js'
import { type Bounds, beyondBounds, type Kept } from '#script/bounds.js'
import { parseRunId, parseRunResult, type RunResult, runId } from '#script/result.js'
import { saveState } from '#service/state-file.js'

/** What runs of scripts gave, two files each: `ID.json`, and `ID.out`, which is what it printed. */
export interface ScriptResults {
  /** All that are kept, in the order in which they ended. */
  all(): readonly RunResult[]
  find(id: string): RunResult | undefined
  /** Keeps a result for good; the file of its output, if there is one, is taken over. Then what is beyond the bounds goes. */
  keep(result: Omit<RunResult, 'outputBytes' | 'isCut'>, output: OutputFile): Promise<RunResult>
}

/** What a run printed, and how much it may have. */
export interface OutputFile {
  readonly file: string
  readonly maxBytes: number
}

/** Opens the folder; results that a crash left in halves go. */
export async function openScriptResults(
  directory: string,
  { bounds, isOpen }: { readonly bounds: Bounds; readonly isOpen: (hook: number) => boolean },
): Promise<ScriptResults> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const known = new Map((await readResults(directory)).map((result) => [runId(result), result]))
  for (const name of await readdir(directory)) {
    const id = name.replace(/\.(?:out|json\.new)$/, '')
    if (id !== name && !known.has(id)) await remove(path.join(directory, name))
  }

  async function prune(): Promise<void> {
    const kept = [...known].map(([id, { hook, endedMs, outputBytes }]): Kept => {
      return { id, hook, endedMs, bytes: outputBytes + recordBytes }
    })
    for (const { id } of beyondBounds(kept, bounds, { nowMs: Date.now(), isOpen })) {
      // the output last: a crash in between leaves what the next start removes
      await remove(path.join(directory, `${id}.json`))
      await remove(path.join(directory, `${id}.out`))
      known.delete(id)
    }
  }

  await prune()
  return {
    all: () => [...known.values()],
    find: (id) => known.get(id),
    async keep(result, { file, maxBytes }) {
      const id = runId(result)
      const kept = path.join(directory, `${id}.out`)
      await move(file, kept)
      const outputBytes = await sizeOf(kept)
      const whole = { ...result, outputBytes, isCut: outputBytes >= maxBytes }
      await saveState(path.join(directory, `${id}.json`), whole)
      known.set(id, whole)
      await prune()
      return whole
    },
  }
}

/** The highest number of a hook that a folder's files are named after; 0 when there are none. */
export async function highestHook(directory: string): Promise<number> {
  const numbers = (await namesIn(directory)).map((name) => {
    return parseRunId(name.replace(/\.[a-z.]+$/, ''))?.hook ?? 0
  })
  return numbers.reduce((a, b) => Math.max(a, b), 0)
}

/** About what a record without its output takes. */
const recordBytes = 512

/** The results in a folder, in the order in which they ended; what is damaged is passed over. None when there is no folder. */
export async function readResults(directory: string): Promise<readonly RunResult[]> {
  const found: RunResult[] = []
  for (const name of await namesIn(directory)) {
    const result = name.endsWith('.json')
      ? await readResult(directory, name.slice(0, -5))
      : undefined
    if (result !== undefined) found.push(result)
  }
  return found.toSorted((a, b) => a.endedMs - b.endedMs)
}

/** One result by its name; undefined when it is not kept. */
export async function readResult(directory: string, id: string): Promise<RunResult | undefined> {
  if (parseRunId(id) === undefined) return undefined
  try {
    return parseRunResult(JSON.parse(await readFile(path.join(directory, `${id}.json`), 'utf8')))
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined
    throw error
  }
}

/** What a run printed. */
export async function readOutput(directory: string, id: string): Promise<Buffer> {
  try {
    return await readFile(path.join(directory, `${id}.out`))
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}

async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error // it was not started, or this was done before a crash
  }
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size
  } catch {
    return 0
  }
}

async function remove(file: string): Promise<void> {
  try {
    await unlink(file)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
  }
}
