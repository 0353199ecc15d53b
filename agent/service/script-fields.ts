import { err, ok, type Result } from '#result.js'
import { absolutePath, choice, duration, type Field, flag, integer, size } from './config-fields.js'
import type { Size } from './units.js'

/** The keys of `[scripts]` that a section `[script NAME]` may have as well: how a script is run. */
export const scriptFields = {
  user: systemName('root', 'User that scripts run as; Ganeti’s own hooks run as root.'),
  group: systemName('', 'Group that they run as; empty for the user’s own.'),
  timeout: duration(
    '5m',
    'After this a script and everything that it has started are told to end (SIGTERM).',
    { min: '1s', max: '1d' },
  ),
  grace: duration('5s', 'How long they may take to do so before they are killed.', {
    min: '0s',
    max: '10m',
  }),
  retries: integer(
    '2',
    'How often a script is run again that failed: with a status other than 0, by a signal, its limits, or because it could not be started.',
    { min: 0, max: 1000 },
  ),
  retry_first: duration('10s', 'How long is waited before the first of these; doubled each time.', {
    min: '0s',
    max: '1d',
  }),
  retry_max: duration('10m', 'Longest such wait.', { min: '0s', max: '7d' }),
  interrupted: choice(
    ['retry', 'leave'],
    'retry',
    'What becomes of a script that a crash of the host, its shutdown or somebody’s hand ended: retry (up to three times: what it did before, it does twice) or leave.',
  ),
  memory_max: limitedSize(
    '256M',
    'Memory that a script and what it has started may have; none for no limit.',
  ),
  cpu_quota: percentage('none', 'Time of processors, in per cent of one: 50%; none for no limit.'),
  tasks_max: limitedCount('64', 'Processes and threads; none for no limit.', {
    min: 8,
    max: 100_000,
  }),
  private_network: flag('no', 'Whether scripts have no network.'),
  read_only: flag(
    'no',
    'Whether all files of the host are read-only for them, but for a /tmp of their own.',
  ),
  output_max: size('64K', 'Of what a script prints, so much is kept.', { min: '1K', max: '16M' }),
} as const satisfies Readonly<Record<string, Field<unknown>>>

/** The keys of `[scripts]` that are about all of them. */
export const scriptsFields = {
  directory: absolutePath(
    '/etc/okeanid/hooks',
    'Folder with folders post-<op>.d of scripts, as post-instance-start.d (docs/hooks.md).',
  ),
  parallel: integer(
    '4',
    'Scripts that run at the same time. Those for one instance always run one after the other.',
    { min: 1, max: 1000 },
  ),
  results_count: integer('2000', 'Most results of scripts that are kept, for okeanid hooks log.', {
    min: 0,
    max: 1_000_000,
  }),
  results_age: duration('30d', 'How long they are kept at most.', { min: '0s', max: '3650d' }),
  results_size: size('64M', 'How much room they may take.', { min: '0', max: '100G' }),
} as const satisfies Readonly<Record<string, Field<unknown>>>

/** A name of a user or group, as useradd(8) allows it. */
function systemName(defaultText: string, doc: string): Field<string> {
  return {
    ...{ defaultText, doc, isSecret: false },
    parse: (text) =>
      /^[A-Za-z_][A-Za-z0-9_.-]{0,30}\$?$/.test(text) || (text === '' && defaultText === '')
        ? ok(text)
        : err('wants a name'),
  }
}

function limitedSize(defaultText: string, doc: string): Field<Size | undefined> {
  return limited(size(defaultText, doc, { min: '1M', max: '1000G' }))
}

function limitedCount(
  defaultText: string,
  doc: string,
  bounds: { readonly min: number; readonly max: number },
): Field<number | undefined> {
  return limited(integer(defaultText, doc, bounds))
}

function percentage(defaultText: string, doc: string): Field<number | undefined> {
  return limited({
    ...{ defaultText, doc, isSecret: false },
    parse: (text): Result<number, string> => {
      const [, digits] = /^(\d{1,6})\s*%$/.exec(text) ?? []
      return digits !== undefined && Number(digits) > 0
        ? ok(Number(digits))
        : err('wants a percentage: 50%')
    },
  })
}

/** The same, or `none`. */
function limited<T>(field: Field<T>): Field<T | undefined> {
  return { ...field, parse: (text) => (text === 'none' ? ok(undefined) : field.parse(text)) }
}
