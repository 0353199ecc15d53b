/**
 * `okeanid status`: asks the roles of the agent on this node over their sockets and prints what they answer. A role that does
 * not run is said so; only when none runs is that a failure.
 */
import { loadConfig } from '#service/config.js'
import { printLine } from '#service/log.js'
import { describeEventsLines } from './events-status.js'
import { describeHooksLines } from './hooks-status.js'
import { describeNicsLines } from './nics-status.js'
import { type Asked, askRoles, nodeStatus, type RoleStatus, readRoleStatus } from './node-status.js'
import { describeResponderLines } from './responder-status.js'
import type { RoleName } from './role-names.js'

/** Prints how the agent is. @throws AgentError AGENT_NOT_RUNNING when no role answers, after what is known for machines was printed */
export async function printStatus(
  location: { readonly file: string; readonly isRequired: boolean },
  { json, metrics }: { readonly json?: true; readonly metrics?: true },
): Promise<void> {
  const loaded = await loadConfig(location.file, location)
  const asked = await askRoles(loaded.config, metrics ? '/metrics' : '/status')
  const texts = asked.flatMap((answer) => ('text' in answer ? [answer.text] : []))
  const [first] = asked
  const failure =
    texts.length === 0 && first !== undefined && 'error' in first ? first.error : undefined
  if (metrics) {
    process.stdout.write([...texts, roleMetric(asked)].join(''))
  } else if (json) printLine(JSON.stringify(nodeStatus(loaded, asked), null, 2))
  else if (failure === undefined) printAnswers(asked)
  if (failure !== undefined) throw failure
}

/** A role that is away cannot say so itself; hooks rests when there is nothing to do. */
function roleMetric(asked: readonly Asked[]): string {
  const lines = asked
    .filter(({ role }) => role !== 'hooks')
    .map((answer) => `okeanid_role_up{role="${answer.role}"} ${'text' in answer ? 1 : 0}`)
  const name = 'okeanid_role_up'
  const head = `# HELP ${name} 1 where the role answers.\n# TYPE ${name} gauge`
  return `${[head, ...lines].join('\n')}\n`
}

function printAnswers(asked: readonly Asked[]): void {
  for (const answer of asked) {
    const lines =
      'text' in answer
        ? describe(readRoleStatus(answer.text))
        : [['role', `${answer.role}: ${absences[answer.role] ?? absence}`] as const]
    for (const [name, value] of lines) printLine(`${name.padEnd(10)} ${value}`)
  }
}

const absence = 'does not run here (or not for you to ask)'

/** A role that runs only while there is something to do is not amiss when it does not. */
const absences: Partial<Readonly<Record<RoleName, string>>> = {
  hooks: 'rests; okeanid-hooks.path starts it when a hook has left something',
}

function describe(status: RoleStatus): readonly (readonly [string, string])[] {
  switch (status.role) {
    case 'events':
      return describeEventsLines(status)
    case 'responder':
      return describeResponderLines(status)
    case 'nics':
      return describeNicsLines(status)
    case 'hooks':
      return describeHooksLines(status)
  }
}
