import { fileURLToPath } from 'node:url'
import { hasCode } from '#errors.js'
import { hostUnits } from '#kernel/units.js'
import type { NodeConfig } from '#service/node-config.js'
import { readClusterView } from '#watch/cluster.js'
import { pathsOf } from './paths.js'
import { scriptSettings } from './script-settings.js'
import { type Scripts, type ScriptsParts, scriptsTask } from './scripts-task.js'

/** The task that runs this host's scripts, as its configuration wants it. */
export function hostScripts(
  config: NodeConfig,
  { log, onBusy }: Pick<ScriptsParts, 'log' | 'onBusy'>,
): Scripts {
  const { scriptsSpool, scriptsState, dataDirectory } = pathsOf(config)
  const { scripts } = config
  return scriptsTask({
    spoolDirectory: scriptsSpool,
    stateDirectory: scriptsState,
    scriptsDirectory: scripts.directory,
    programs: { runScript: ownProgram('run-script'), scriptEnded: ownProgram('script-ended') },
    units: hostUnits,
    settingsOf: (script) => scriptSettings(config, script),
    parallelCount: scripts.parallel,
    bounds: {
      count: scripts.results_count,
      ageMs: scripts.results_age.ms,
      bytes: scripts.results_size.bytes,
    },
    ownNode: () => ownNode(dataDirectory),
    random: Math.random,
    ...(onBusy === undefined ? {} : { onBusy }),
    log,
  })
}

/** A shell program of ours: it lies beside the compiled program, in a package as in a tree. */
export function ownProgram(name: string): string {
  return fileURLToPath(new URL(`../../../hooks/${name}`, import.meta.url))
}

async function ownNode(dataDirectory: string): Promise<string | undefined> {
  try {
    return (await readClusterView(dataDirectory)).ownNode
  } catch (error) {
    if (hasCode(error, 'NOT_A_GANETI_NODE')) return undefined
    throw error
  }
}
