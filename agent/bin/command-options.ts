import { Option } from 'commander'

/** Where the configuration is when nobody says otherwise. */
export const defaultConfig = '/etc/okeanid/okeanid.ini'

/** Options that every command with a configuration has. */
export interface ConfigOptions {
  readonly config?: string
}

/** Of commands that a machine may want to read. */
export interface JsonOptions extends ConfigOptions {
  readonly json?: true
}

/** `-c, --config FILE` */
export function configOption(): Option {
  return new Option(
    '-c, --config <file>',
    `configuration file, with *.ini of the folder beside it (${defaultConfig})`,
  )
}

/** `--json` */
export function jsonOption(): Option {
  return new Option('--json', 'for a machine to read')
}

/** The file to read, and whether it has to exist: only when it was named. */
export function configFile(options: ConfigOptions): {
  readonly file: string
  readonly isRequired: boolean
} {
  return { file: options.config ?? defaultConfig, isRequired: options.config !== undefined }
}
