import type { Op } from '#ganeti/job.js'
import { textInput } from '#ganeti/job-decoder.js'

/** The instance that an op is about, when the lines of its log are told: any op that names one, exports too. */
export function loggedInstance(op: Op): string | undefined {
  return textInput(op, 'instance_name')
}
