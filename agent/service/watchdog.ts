import { aborted, type Task } from './tasks.js'

/** Feeds systemd's watchdog twice in its time, and without one (0) shows the status every ten seconds. */
export function watchdogTask(limitMs: number, feed: () => void): Task {
  return {
    name: 'watchdog',
    async run(signal) {
      const timer = setInterval(feed, limitMs > 0 ? limitMs / 2 : 10_000)
      await aborted(signal)
      clearInterval(timer)
    },
  }
}
