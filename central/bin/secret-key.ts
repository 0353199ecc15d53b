import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { AgentError, systemCode } from '#errors.js'

/**
 * The key that secrets in the store are sealed with; on the first start it is made, for its owner's eyes only. Two programs that
 * start at the same time end with the same one.
 * @throws AgentError CONFIG_INVALID when it can neither be read nor made
 */
export async function readSecretKey(file: string): Promise<string> {
  try {
    return await readOrMake(file)
  } catch (cause) {
    if (cause instanceof AgentError) throw cause
    const why = systemCode(cause) ?? String(cause)
    throw new AgentError(
      'CONFIG_INVALID',
      `[store] secret_key_file ${file}: cannot be read or made (${why}); run this as the user of the service`,
      { cause },
    )
  }
}

async function readOrMake(file: string): Promise<string> {
  const there = await readKey(file)
  if (there !== undefined) return there
  await mkdir(path.dirname(file), { recursive: true, mode: 0o750 })
  const key = randomBytes(32).toString('base64')
  try {
    await writeFile(file, `${key}\n`, { mode: 0o600, flag: 'wx', flush: true })
    return key
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error
    return (await readKey(file)) ?? key
  }
}

async function readKey(file: string): Promise<string | undefined> {
  try {
    const key = (await readFile(file, 'utf8')).trim()
    if (key.length >= 16) return key
    throw new AgentError(
      'CONFIG_INVALID',
      `[store] secret_key_file ${file}: is shorter than 16 characters; bring back the right one, or remove it before there is a store`,
    )
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}
