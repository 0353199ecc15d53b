// @ts-check
import { installPackages, missingPackages, missingText } from './apt.mjs'
import { compile } from './dist.mjs'
import { limitsSentence, readHost } from './host.mjs'
import { buildPlugins, installModules } from './modules.mjs'
import { buildNative } from './native.mjs'
import { openSetupLock } from './setup-lock.mjs'
import { StageError } from './stages.mjs'
import { hasTool, TOOLS } from './tools.mjs'

/** @typedef {import('./stages.mjs').Stage} Stage */
/** @typedef {import('./stages.mjs').Stages} Stages */
/** @typedef {import('./tools.mjs').Purpose} Purpose */

/**
 * Installs and builds what is missing: Debian packages, npm packages, tap's plugins, the native addon,
 * dist/. Does nothing that was done before.
 * @param {{ stages: Stages, purposes: readonly Purpose[], signal: AbortSignal }} options
 * @returns {Promise<{ isReady: boolean, isTyped: boolean }>} ready: everything is there, though dist/
 *   may come from sources with type errors; typed: the compiler had nothing to say
 */
export async function setUp({ stages, purposes, signal }) {
  const lock = await openSetupLock({ say: (text) => stages.say('setup', text), signal })
  try {
    const isReady =
      (await stages.run({ name: 'packages', budgetSeconds: 400, run: packages(purposes) })) &&
      (await stages.run({ name: 'modules', budgetSeconds: 600, run: installModules })) &&
      (!purposes.includes('checks') ||
        (await stages.run({ name: 'plugins', budgetSeconds: 180, run: buildPlugins }))) &&
      (await addon(stages))
    if (!isReady) return { isReady, isTyped: false }
    const run = { name: 'types', budgetSeconds: 180, isCheck: true, run: compile }
    return { isReady, isTyped: await stages.run(run) }
  } finally {
    lock.close()
  }
}

/** @param {readonly Purpose[]} purposes @returns {Stage['run']} */
function packages(purposes) {
  return async (context) => {
    const host = readHost()
    if (!host.canInstall) {
      if (host.isStrict && purposes.includes('lab')) throw new StageError(limitsSentence(host))
      context.say(limitsSentence(host))
    }
    const missing = missingPackages(purposes)
    if (missing.size === 0) return { note: `${host.name}: nothing is missing` }
    if (host.canInstall) await installPackages(missing, context)
    const still = missingText(missingPackages(purposes))
    if (still === '') return { note: 'installed' }
    if (host.canInstall || host.isStrict) throw new StageError(`missing: ${still}`)
    return { note: `without ${still}` }
  }
}

/** @param {Stages} stages */
async function addon(stages) {
  const lacks = TOOLS.build.filter((tool) => !hasTool(tool)).map((tool) => tool.what)
  if (lacks.length === 0) {
    return stages.run({ name: 'native', budgetSeconds: 600, run: buildNative })
  }
  stages.skip('native', `the addon is not built without ${lacks.join(', ')}`)
  return true
}
