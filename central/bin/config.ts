/**
 * `okeanid-central config check` and `config show`. Both read the files, check every key and start nothing.
 */
import { loadCentralConfig } from '#central/config/central-config.js'
import { hasCode } from '#errors.js'
import { printLine } from '#service/log.js'

interface Location {
  readonly file: string
  readonly isRequired: boolean
}

interface Format {
  readonly json?: true
}

/** Prints the verdict; the faults themselves are the error that the program ends with. */
export async function checkConfig(location: Location, { json }: Format): Promise<void> {
  try {
    const { files } = await loadCentralConfig(location.file, location)
    const what =
      files.length === 0 ? `there is no ${location.file}, defaults hold` : files.join(', ')
    printLine(json ? JSON.stringify({ ok: true, files }) : `ok: ${what}`)
  } catch (error) {
    if (json && error instanceof Error && hasCode(error, 'CONFIG_INVALID')) {
      printLine(JSON.stringify({ ok: false, faults: error.message.split('\n') }))
    }
    throw error
  }
}

/** Prints every effective setting, as a file would have it, with its source. */
export async function showConfig(location: Location, { json }: Format): Promise<void> {
  const { settings } = await loadCentralConfig(location.file, location)
  if (json) {
    const all = settings.map((setting) => ({ ...setting, file: setting.file ?? null }))
    printLine(JSON.stringify(all, null, 2))
    return
  }
  let last = ''
  for (const { section, key, text, file } of settings) {
    if (section !== last) printLine(`${last === '' ? '' : '\n'}[${section}]`)
    last = section
    printLine(`${key} = ${text}\t; ${file ?? 'default'}`)
  }
}
