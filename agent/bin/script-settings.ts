import { type ScriptSettings, settingNames } from '#script/settings.js'
import type { NodeConfig, ScriptConfig } from '#service/node-config.js'

/** How the configuration wants a script run. */
export function scriptSettings(
  { scripts, ownScripts }: Pick<NodeConfig, 'scripts' | 'ownScripts'>,
  script: string,
): ScriptSettings {
  const own = settingNames(script).find((name) => ownScripts.has(name))
  return settingsOf((own === undefined ? undefined : ownScripts.get(own)) ?? scripts)
}

function settingsOf(config: ScriptConfig): ScriptSettings {
  return {
    user: config.user,
    group: config.group,
    timeoutMs: config.timeout.ms,
    graceMs: config.grace.ms,
    retryCount: config.retries,
    retryFirstMs: config.retry_first.ms,
    retryMaxMs: config.retry_max.ms,
    isRetriedWhenInterrupted: config.interrupted === 'retry',
    memoryMaxBytes: config.memory_max?.bytes,
    cpuQuotaPercent: config.cpu_quota,
    tasksMax: config.tasks_max,
    hasPrivateNetwork: config.private_network,
    isReadOnly: config.read_only,
    outputMaxBytes: config.output_max.bytes,
  }
}
