import { encodeEvent, type Origin } from '#event/encode.js'
import type { Event } from '#event/event.js'
import type { Message } from '#event/message.js'
import type { Job } from '#ganeti/job.js'
import { jobEvent } from './job-event.js'
import { type Cluster, opEvent } from './op-event.js'
import type { Fact } from './timeline.js'

/** The messages that tell these facts of a job, in the same order. Facts without a message of their own give none. */
export function jobMessages(
  cluster: Cluster,
  origin: Origin,
  { job, facts }: { readonly job: Job; readonly facts: readonly Fact[] },
): readonly Message[] {
  return facts
    .map((fact) => factEvent(cluster, job, fact))
    .filter((event) => event !== undefined)
    .map((event) => encodeEvent(event, origin))
}

function factEvent(cluster: Cluster, job: Job, fact: Fact): Event | undefined {
  return fact.kind === 'op' ? opEvent(cluster, job, fact) : jobEvent(cluster, job, fact)
}
