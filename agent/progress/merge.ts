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
 * clock of the node did meanwhile. Where it was set back, times say nothing: jobs that were written last on different sides of that stay in
 * the order in which they come, and what a job did before that and is told only now comes right before what it did next.
 * @param news in the order in which the jobs' files were written last
 */
export function mergeNews(
  news: readonly JobNews[],
): readonly { readonly job: Job; readonly fact: Fact }[] {
  return splitWhereSetBack(news.map(placed))
    .flatMap((run) => run.flat().sort((a, b) => compareTimes(a.place, b.place)))
    .map(({ job, fact }) => ({ job, fact }))
}

interface PlacedFact {
  readonly job: Job
  readonly fact: Fact
  /** The time at which it stands among the facts of other jobs; never before those of its own that were earlier. */
  readonly place: EventTime
}

/** What is later than the last fact was told by a clock that was set back since; then times must not go back within a job. */
function placed({ job, facts }: JobNews): readonly PlacedFact[] {
  const last = facts.at(-1)?.time
  let latest: EventTime | undefined
  return facts.map((fact) => {
    const time = last !== undefined && isSetBack(fact.time, last) ? last : fact.time
    if (latest === undefined || compareTimes(time, latest) > 0) latest = time
    return { job, fact, place: latest }
  })
}

/** Runs of jobs in each of which the clock went on, as the last fact of each tells. */
function splitWhereSetBack(
  jobs: readonly (readonly PlacedFact[])[],
): readonly (readonly (readonly PlacedFact[])[])[] {
  const runs: (readonly PlacedFact[])[][] = []
  let run: (readonly PlacedFact[])[] = []
  let newest: EventTime | undefined
  for (const job of jobs) {
    const last = job.at(-1)?.place
    if (last === undefined) continue
    if (newest === undefined || isSetBack(newest, last)) {
      run = []
      runs.push(run)
      newest = last
    } else if (compareTimes(last, newest) > 0) newest = last
    run.push(job)
  }
  return runs
}

function isSetBack(before: EventTime, after: EventTime): boolean {
  return after.seconds < before.seconds - setBackSeconds
}
