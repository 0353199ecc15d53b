import { compareTimes, type Job } from '#ganeti/job.js'
import type { Fact } from './timeline.js'

/** What is new about one job, in the order in which it happened. */
export interface JobNews {
  readonly job: Job
  readonly facts: readonly Fact[]
}

/**
 * The facts of several jobs in one sequence: by time, but never one job's facts out of their own order, whatever the
 * clock of the node did meanwhile.
 */
export function mergeNews(
  news: readonly JobNews[],
): readonly { readonly job: Job; readonly fact: Fact }[] {
  return news
    .flatMap(({ job, facts }) => {
      let latest = facts[0]?.time
      return facts.map((fact) => {
        if (latest === undefined || compareTimes(fact.time, latest) > 0) latest = fact.time
        return { job, fact, notBefore: latest }
      })
    })
    .sort((a, b) => compareTimes(a.notBefore, b.notBefore))
}
