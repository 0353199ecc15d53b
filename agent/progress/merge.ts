import { compareTimes, type EventTime, type Job } from '#ganeti/job.js'
import type { Fact } from './timeline.js'

/** What is new about one job, in the order in which it happened. */
export interface JobNews {
  readonly job: Job
  readonly facts: readonly Fact[]
}

/**
 * By how much times may go back from one job to the next before the clock must have been set back. More than the 45 s by which the last
 * writes of an old master reach the new one's queue late: there, times are right and the order of the files is not.
 */
const setBackSeconds = 60

/**
 * The facts of several jobs in one sequence: by time, but never one job's facts out of their own order, whatever the
 * clock of the node did meanwhile. Where it was set back, times say nothing, and jobs stay in the order in which they come.
 * @param news in the order in which the jobs' files were written last
 */
export function mergeNews(
  news: readonly JobNews[],
): readonly { readonly job: Job; readonly fact: Fact }[] {
  return splitWhereSetBack(news.flatMap(withNewest)).flatMap(mergeByTime)
}

interface TimedNews extends JobNews {
  /** The newest of the facts' times. */
  readonly newest: EventTime
}

function withNewest({ job, facts }: JobNews): readonly TimedNews[] {
  const [newest] = facts.map(({ time }) => time).sort((a, b) => compareTimes(b, a))
  return newest === undefined ? [] : [{ job, facts, newest }]
}

/** Runs of jobs in each of which the clock went on. */
function splitWhereSetBack(news: readonly TimedNews[]): readonly (readonly TimedNews[])[] {
  const runs: TimedNews[][] = []
  let run: TimedNews[] = []
  let newestSeconds = Number.POSITIVE_INFINITY
  for (const one of news) {
    const { seconds } = one.newest
    if (seconds < newestSeconds - setBackSeconds) {
      run = []
      runs.push(run)
      newestSeconds = seconds
    }
    run.push(one)
    newestSeconds = Math.max(newestSeconds, seconds)
  }
  return runs
}

function mergeByTime(
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
