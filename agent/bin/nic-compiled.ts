import { existsSync, readFileSync } from 'node:fs'
import { systemCode } from '#errors.js'
import { defaultNicConfig, type NicConfig, parseNicConfig } from '#nic/nic-config.js'
import { noStances, parseStances, type Stances } from '#nic/repair/stances.js'
import type { NicPlaces } from './nic-places.js'

/** What `nic up` and repair go by. */
export interface CompiledConfig {
  readonly config: NicConfig
  readonly warnings: readonly string[]
  /** There is a file, but it cannot be used: nobody knows what NICs shall be, so nothing may be changed by `config`, the defaults. */
  readonly problem: string | undefined
}

/** The configuration that NICs are decided by, as it was compiled last. Where none was ever compiled the defaults hold. */
export function readCompiled({ configFile }: Pick<NicPlaces, 'configFile'>): CompiledConfig {
  const cure = 'okeanid config compile writes it anew'
  let text: string
  try {
    text = readFileSync(configFile, 'utf8')
  } catch (error) {
    const code = systemCode(error)
    const config = defaultNicConfig()
    return code === 'ENOENT'
      ? {
          config,
          warnings: [`there is no ${configFile}, so the built-in defaults hold; ${cure}`],
          problem: undefined,
        }
      : { config, warnings: [], problem: `${configFile} cannot be read (${code}); ${cure}` }
  }
  const parsed = parseNicConfig(text)
  if (!parsed.ok) {
    const problem = `${configFile} is not understood: ${parsed.problem}; ${cure}`
    return { config: defaultNicConfig(), warnings: [], problem }
  }
  const { config, problems } = parsed.value
  const warnings = problems.map((problem) => `${configFile}: ${problem}`)
  return { config, warnings, problem: undefined }
}

/** What operators said about enforcing; a file that cannot be read is as if nobody had said anything. */
export function readStances({ stancesFile }: Pick<NicPlaces, 'stancesFile'>): Stances {
  const text = readText(stancesFile)
  return text === undefined ? noStances : parseStances(text)
}

/** Whether the administrator lets guests start although their NICs cannot be set up. */
export function isGlassBroken({ breakGlassFile }: Pick<NicPlaces, 'breakGlassFile'>): boolean {
  return existsSync(breakGlassFile)
}

/** Undefined when there is no such file, or it cannot be read: a start must not fail for that. */
function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (systemCode(error) !== undefined) return undefined
    throw error
  }
}
