import type { ScriptSettings } from '#script/settings.js'

/** Settings without any limit and without retries, but for what a test says. */
export function plainSettings(own: Partial<ScriptSettings> = {}): ScriptSettings {
  return {
    user: 'root',
    group: '',
    timeoutMs: 300_000,
    graceMs: 5000,
    retryCount: 0,
    retryFirstMs: 0,
    retryMaxMs: 0,
    isRetriedWhenInterrupted: true,
    memoryMaxBytes: undefined,
    cpuQuotaPercent: undefined,
    tasksMax: undefined,
    hasPrivateNetwork: false,
    isReadOnly: false,
    outputMaxBytes: 65_536,
    ...own,
  }
}
