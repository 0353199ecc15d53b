/**
 * `okeanid config compile`: writes what `nic up` goes by. The nics role does the same whenever the configuration changes and can be used;
 * by hand it is for a node where that role does not run.
 */

import { chmod, mkdir } from 'node:fs/promises'
import path from 'node:path'
import { writeCompiledFile } from '#kernel/nic-files.js'
import { compileNicConfig } from '#nic/nic-config.js'
import { type LoadedConfig, loadConfig } from '#service/config.js'
import { printLine } from '#service/log.js'
import { nicPlaces } from './nic-places.js'

/** Compiles the configuration for `nic up`; prints where to. */
export async function compileConfig(
  location: { readonly file: string; readonly isRequired: boolean },
  { json }: { readonly json?: true },
): Promise<void> {
  const { files, config, settings } = await loadConfig(location.file, location)
  const file = await writeCompiled({ config, settings })
  printLine(json ? JSON.stringify({ ok: true, files, compiled: file }) : `wrote ${file}`)
}

/**
 * Writes the compiled form of a configuration that was checked, so that a reader sees the old one or the new one.
 *
 * @returns the file
 */
export async function writeCompiled({
  config,
  settings,
}: Pick<LoadedConfig, 'config' | 'settings'>): Promise<string> {
  const { configFile } = nicPlaces({ stateDirectory: config.agent.state_directory })
  const directory = path.dirname(configFile)
  await mkdir(directory, { recursive: true })
  await chmod(directory, 0o700) // which instances run here with which tags is nobody's business
  writeCompiledFile(configFile, compileNicConfig(settings))
  return configFile
}
