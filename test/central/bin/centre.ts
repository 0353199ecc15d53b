import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Test } from 'tap'
import { ownFolder } from '../../support/own-folder.js'

/** The program under test. */
export const program = 'dist/central/bin/okeanid-central.js'

/** How a command ended. */
export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly error: string
}

/** Runs one command, with a text on its standard input. */
export async function command(
  args: readonly string[],
  {
    input = '',
    environment = process.env,
  }: { readonly input?: string; readonly environment?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [program, ...args], { stdio: 'pipe', env: environment })
  const [out, error] = [textOf(child.stdout), textOf(child.stderr)]
  child.stdin.on('error', () => {}) // it may end without having read
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, out: await out, error: await error }
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}

/** A centre with a folder of its own, and its commands. @param further parts of its configuration beside server and store */
export function centre(t: Test, further: readonly string[] = ['[broker]\nenabled = no']) {
  const folder = ownFolder(t)
  const file = path.join(folder, 'central.ini')
  const lines = [
    '[server]\nport = 0',
    `[store]\nurl = sqlite:${folder}/state/central.db`,
    `secret_key_file = ${folder}/state/secret.key`,
    ...further,
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  return {
    folder,
    file,
    run: (args: readonly string[], input = '') => command([...args, '-c', file], { input }),
  }
}
