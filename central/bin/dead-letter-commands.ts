import type { Command } from 'commander'
import {
  type DeadLetterChoice,
  findDeadLetter,
  listDeadLetters,
  purgeDeadLetters,
  replayDeadLetters,
} from '#central/update/replay-dead-letters.js'
import { AgentError } from '#errors.js'
import { type CentralOptions, configOption, jsonOption } from './command-options.js'
import { printDone, printOne, printRows } from './print.js'
import { type Room, withRoom } from './room.js'

/** `--all` beside numbers. */
interface ChoiceOptions extends CentralOptions {
  readonly all?: true
}

/** `dead-letters list | show | replay | purge` */
export function addDeadLetterCommands(letters: Command): void {
  letters
    .command('list')
    .description('messages that could not be taken, oldest first, and why')
    .option('--after <id>', 'go on after this one', '0')
    .addOption(jsonOption())
    .addOption(configOption())
    .action((options: CentralOptions & { readonly after: string }) =>
      withRoom(options, (room) => list(room, options)),
    )
  letters
    .command('show')
    .description('one of them, whole')
    .argument('<id>')
    .addOption(jsonOption())
    .addOption(configOption())
    .action((id: string, options: CentralOptions) =>
      withRoom(options, (room) => show(room, id, options)),
    )
  letters
    .command('replay')
    .description(
      'take them again, after what was wrong is not any more; old ones change nothing newer',
    )
    .argument('[id...]')
    .option('--all', 'every one')
    .addOption(jsonOption())
    .addOption(configOption())
    .action((ids: readonly string[], options: ChoiceOptions) =>
      withRoom(options, (room) => replay(room, choiceOf(ids, options), options)),
    )
  letters
    .command('purge')
    .description('forget them')
    .argument('[id...]')
    .option('--all', 'every one')
    .addOption(jsonOption())
    .addOption(configOption())
    .action((ids: readonly string[], options: ChoiceOptions) =>
      withRoom(options, async (room) => {
        const count = await purgeDeadLetters(room, choiceOf(ids, options))
        printDone(`${count} forgotten`, { count }, options)
      }),
    )
}

async function list(
  room: Room,
  { after, json }: CentralOptions & { readonly after: string },
): Promise<void> {
  const rows = await listDeadLetters(room, { after: numberOf(after) })
  printRows(
    rows.map(({ id, created_ms, attempts, routing_key, message_id, reason }) => ({
      id,
      since: new Date(created_ms).toISOString(),
      tries: attempts,
      'routing key': routing_key,
      message: message_id,
      reason,
    })),
    {
      json,
      columns: ['id', 'since', 'tries', 'routing key', 'reason'],
      none: 'there are no dead letters',
    },
  )
}

async function show(room: Room, id: string, { json }: CentralOptions): Promise<void> {
  const row = await findDeadLetter(room, numberOf(id))
  if (row === undefined) throw new AgentError('USAGE', `there is no dead letter ${id}`)
  printOne({ ...row }, { json })
}

async function replay(
  room: Room,
  choice: DeadLetterChoice,
  { json }: CentralOptions,
): Promise<void> {
  let deadCount = 0
  for await (const { id, reason } of replayDeadLetters(room, choice)) {
    if (reason !== undefined) deadCount += 1
    const sentence = reason === undefined ? `${id}: taken` : `${id}: still dead: ${reason}`
    printDone(sentence, { id, taken: reason === undefined, reason }, { json })
  }
  if (deadCount > 0) process.exitCode = 1
}

function choiceOf(ids: readonly string[], { all }: ChoiceOptions): DeadLetterChoice {
  if ((ids.length === 0) === (all === undefined)) {
    throw new AgentError('USAGE', 'give the numbers of dead letters, or --all')
  }
  return all ? 'all' : ids.map(numberOf)
}

function numberOf(text: string): number {
  if (!/^\d{1,15}$/.test(text))
    throw new AgentError('USAGE', `${text} is no number of a dead letter`)
  return Number(text)
}
