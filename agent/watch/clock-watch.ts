/** By how much the time of day may drift from the clock since boot between two looks. */
const driftMs = 1000

/** Tells whether the time of day was set since the last look. */
export interface ClockWatch {
  read(): 'steady' | 'set'
}

/** A watch that looks for the first time now. */
export function createClockWatch(): ClockWatch {
  const offset = () => Date.now() - performance.now()
  let lastMs = offset()
  return {
    read() {
      const nowMs = offset()
      const isSet = Math.abs(nowMs - lastMs) > driftMs
      lastMs = nowMs
      return isSet ? 'set' : 'steady'
    },
  }
}
