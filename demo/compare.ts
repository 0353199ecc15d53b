import type { Received } from '../test/support/inbox.js'
import { parseJobInfo } from '../test/support/job-info.js'
import type { Screen } from './screen.js'

/** Prints Ganeti's own times of a job's op beside those of the messages, and says whether they are the same. */
export function compareWithGaneti(
  screen: Screen,
  {
    info,
    messages,
    jobId,
  }: { readonly info: string; readonly messages: readonly Received[]; readonly jobId: number },
): void {
  const told = messages
    .filter(({ body }) => body['type'] === 'ganeti-op-status')
    .map(({ headers }) => String(headers['cloudEvents:time']).replace('T', ' ').slice(0, -1))
  const { queued, waiting, running, ended } = parseJobInfo(info)
  const known = [queued, waiting, running, ended].filter((time) => time !== undefined)
  const isSame = known.length > 0 && known.every((time) => told.includes(time))
  const verdict = isSame
    ? 'says the same, to the microsecond'
    : `says otherwise: ${known.join(', ')}`
  screen.say(`gnt-job info ${jobId} ${verdict}`)
}
