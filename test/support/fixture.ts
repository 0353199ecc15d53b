import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** Path of a fixture; tests run from the repository's root. */
export function fixturePath(...parts: readonly string[]): string {
  return path.resolve('test/fixtures', ...parts)
}

/** Recorded versions of job files of one scenario, in order of recording. */
export interface RecordedVersion {
  readonly file: string
  readonly jobId: number
  readonly bytes: Uint8Array
}

/** Names of the recorded scenarios of one kind. */
export function scenarioNames(kind: 'jobs' | 'jobs-candidate'): readonly string[] {
  return readdirSync(fixturePath(kind)).sort()
}

/** All versions of a scenario. */
export function recordedVersions(
  kind: 'jobs' | 'jobs-candidate',
  scenario: string,
): readonly RecordedVersion[] {
  const directory = fixturePath(kind, scenario)
  return readdirSync(directory)
    .sort()
    .map((file) => ({
      file,
      jobId: Number(/-job-(\d+)\.json$/.exec(file)?.[1]),
      bytes: readFileSync(path.join(directory, file)),
    }))
}
