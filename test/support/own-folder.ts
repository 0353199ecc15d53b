import type { Test } from 'tap'

/**
 * A folder of the test's own, removed after the last of its teardowns.
 *
 * tap alone removes a folder that was made before the first `t.teardown` *before* the teardowns, under whatever still
 * writes there; when a file appears meanwhile the removal fails, no teardown is called, and what they should have
 * stopped keeps the process alive until its time limit.
 */
export function ownFolder(t: Test): string {
  t.teardown(() => undefined)
  return t.testdir()
}
