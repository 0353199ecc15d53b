/**
 * `okeanid reload`: running roles read their configuration anew; what systemd does for `systemctl reload`. A configuration that cannot be
 * used changes nothing, and says what is wrong.
 */
import { AgentError, hasCode } from '#errors.js'
import { loadConfig } from '#service/config.js'
import { printLine } from '#service/log.js'
import { askReload, type ReloadAnswer, reloadLines } from '#service/reloading.js'
import { pathsOf } from './paths.js'
import { type RoleName, roleNames } from './role-names.js'

/** Tells one role, or all that run here. @throws AgentError with what they said */
export async function reloadRoles(
  location: { readonly file: string; readonly isRequired: boolean },
  { role, json }: { readonly role?: RoleName | undefined; readonly json?: true },
): Promise<void> {
  const { config } = await loadConfig(location.file, location)
  const paths = pathsOf(config)
  const wanted = role === undefined ? [...roleNames, 'all' as const] : [role]
  const answers = new Map<string, ReloadAnswer>()
  for (const one of wanted) {
    const answer = await ask(paths.controlSocket(one), role === undefined)
    if (answer !== undefined) answers.set(one, answer)
  }
  if (answers.size === 0)
    throw new AgentError('AGENT_NOT_RUNNING', 'no role runs here: systemctl start okeanid.target')
  if (json) printLine(JSON.stringify(Object.fromEntries(answers)))
  else
    for (const [name, answer] of answers)
      for (const line of reloadLines(name, answer)) printLine(line)
  const problems = [...answers].flatMap(([name, answer]) =>
    'problem' in answer ? [`${name}: ${answer.problem}; what held before still holds`] : [],
  )
  if (problems.length > 0) throw new AgentError('CONFIG_INVALID', problems.join('\n'))
}

async function ask(socket: string, mayBeAway: boolean): Promise<ReloadAnswer | undefined> {
  try {
    return await askReload(socket)
  } catch (error) {
    if (mayBeAway && hasCode(error, 'AGENT_NOT_RUNNING')) return undefined
    throw error
  }
}
