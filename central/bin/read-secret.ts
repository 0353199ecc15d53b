import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { AgentError, systemCode } from '#errors.js'

/**
 * A password: from a file, from standard input (`-`, or when that is no terminal), or asked for, twice when it is a new one. Never an
 * argument, which everybody on the host could read.
 * @throws AgentError USAGE when there is none
 */
export async function readSecret(
  what: string,
  { file, isNew }: { readonly file: string | undefined; readonly isNew: boolean },
): Promise<string> {
  const text = await find(what, { file, isNew })
  if (text === '') throw new AgentError('USAGE', `${what}: is empty`)
  return text
}

async function find(
  what: string,
  { file, isNew }: { readonly file: string | undefined; readonly isNew: boolean },
): Promise<string> {
  if (file !== undefined && file !== '-') return firstLine(await readText(file))
  if (file === '-' || !process.stdin.isTTY) return firstLine(await readInput())
  const first = await ask(`${what}: `)
  if (isNew && (await ask(`${what}, again: `)) !== first) {
    throw new AgentError('USAGE', `${what}: these were not the same`)
  }
  return first
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const why = systemCode(cause) ?? String(cause)
    throw new AgentError('INPUT_UNREADABLE', `${file}: cannot be read (${why})`, { cause })
  }
}

async function readInput(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? ''
}

/** Asks at the terminal without showing what is typed. */
async function ask(question: string): Promise<string> {
  let isMuted = false
  const output = new Writable({
    write(chunk, _encoding, done) {
      if (!isMuted) process.stderr.write(chunk)
      done()
    },
  })
  const terminal = createInterface({ input: process.stdin, output, terminal: true })
  try {
    const answer = terminal.question(question)
    isMuted = true
    return await answer
  } finally {
    terminal.close()
    process.stderr.write('\n')
  }
}
