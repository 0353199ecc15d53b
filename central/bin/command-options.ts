import { Option } from 'commander'

/** Where the configuration is when nobody says otherwise. */
export const defaultConfig = '/etc/okeanid/central.ini'

/** Options that every command has. */
export interface CentralOptions {
  readonly config?: string
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
export function configFile({ config }: CentralOptions): {
  readonly file: string
  readonly isRequired: boolean
} {
  return { file: config ?? defaultConfig, isRequired: config !== undefined }
}

/** Adds an option that may come more than once. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
