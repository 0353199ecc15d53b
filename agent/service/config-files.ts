import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { AgentError, systemCode } from '#errors.js'

/** One configuration file. */
export interface ConfigSource {
  readonly file: string
  readonly text: string
}

/** The folder with more files beside a configuration file: `okeanid.ini` has `okeanid.d`. */
export function dropInDirectory(file: string): string {
  return `${file.replace(/\.ini$/, '')}.d`
}

/**
 * The file, if there is one, and then each `*.ini` of the folder beside it, in name order.
 * @throws AgentError CONFIG_INVALID when the file is missing although it was asked for by name, or one cannot be read
 */
export async function readSources(
  file: string,
  { isRequired }: { readonly isRequired: boolean },
): Promise<readonly ConfigSource[]> {
  const sources: ConfigSource[] = []
  const main = await readSource(file)
  if (main === undefined && isRequired) {
    throw new AgentError(
      'CONFIG_INVALID',
      `${file}: there is no such file; give another one with --config`,
    )
  }
  if (main !== undefined) sources.push(main)
  for (const name of await dropIns(dropInDirectory(file))) {
    const source = await readSource(path.join(dropInDirectory(file), name))
    if (source !== undefined) sources.push(source)
  }
  return sources
}

async function readSource(file: string): Promise<ConfigSource | undefined> {
  try {
    return { file, text: await readFile(file, 'utf8') }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw new AgentError(
      'CONFIG_INVALID',
      `${file}: cannot be read (${systemCode(error) ?? String(error)})`,
      {
        cause: error,
      },
    )
  }
}

async function dropIns(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).filter((name) => name.endsWith('.ini')).sort()
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw new AgentError(
      'CONFIG_INVALID',
      `${directory}: cannot be listed (${systemCode(error) ?? String(error)})`,
    )
  }
}
