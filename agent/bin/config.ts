/**
 * `okeanid config check` and `config show`. Both read the files, check every key and start nothing.
 */
import { hasCode } from '#errors.js'
import { loadConfig } from '#service/config.js'
import type { Setting } from '#service/given-sections.js'
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
    const { files } = await loadConfig(location.file, location)
    if (json) printLine(JSON.stringify({ ok: true, files }))
    else
      printLine(
        files.length === 0
          ? `ok: there is no ${location.file}, defaults hold`
          : `ok: ${files.join(', ')}`,
      )
  } catch (error) {
    if (json && error instanceof Error && hasCode(error, 'CONFIG_INVALID')) {
      printLine(JSON.stringify({ ok: false, faults: error.message.split('\n') }))
    }
    throw error
  }
}

/** Prints every effective setting, as a file would have it, with its source. */
export async function showConfig(location: Location, { json }: Format): Promise<void> {
  const { settings } = await loadConfig(location.file, location)
  if (json) {
    printLine(
      JSON.stringify(
        settings.map((setting) => ({ ...setting, file: setting.file ?? null })),
        null,
        2,
      ),
    )
    return
  }
  const sections = new Map<string, Setting[]>()
  for (const setting of settings) {
    sections.set(setting.section, [...(sections.get(setting.section) ?? []), setting])
  }
  for (const [section, members] of sections) {
    printLine(`[${section}]`)
    for (const { key, text, file } of members) printLine(`${key} = ${text}\t; ${file ?? 'default'}`)
    printLine('')
  }
}
