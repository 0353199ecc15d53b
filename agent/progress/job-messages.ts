import { encodeEvent, type Origin } from '#event/encode.js'
import type { Event } from '#event/event.js'
import type { Message } from '#event/message.js'
import type { Job } from '#ganeti/job.js'
import { jobEvent } from './job-event.js'
import { logEvent } from './log-event.js'
import { type Cluster, type KnownInstances, opEvent } from './op-event.js'
import type { Fact } from './timeline.js'

/** The messages that tell these facts of a job, in the same order. Facts without a message of their own give none. */
export function jobMessages(
  cluster: Cluster,
  origin: Origin,
  {
    job,
    facts,
    instances,
  }: {
    readonly job: Job
    readonly facts: readonly Fact[]
    /** Those whose details the messages may carry. */
    readonly instances?: KnownInstances
  },
): readonly Message[] {
  return facts
    .map((fact) => factEvent(cluster, job, fact, instances))
    .filter((event) => event !== undefined)
    .map((event) => encodeEvent(event, origin))
}

function factEvent(
  cluster: Cluster,
  job: Job,
  fact: Fact,
  instances: KnownInstances | undefined,
): Event | undefined {
  switch (fact.kind) {
    case 'op':
      return opEvent(cluster, job, fact, instances)
    case 'log':
      return logEvent(cluster, job, fact)
    case 'job':
      return jobEvent(cluster, job, fact)
  }
}
