import { access } from 'node:fs/promises'
import { hasCode } from '#errors.js'
import { runProgram } from './run-program.js'

/**
 * Loads a module of the kernel's that no rule loads by itself. Where systemd runs it does so (`modprobe@.service`): the nics role needs no
 * right to load code into the kernel for one or two modules whose names it knows.
 * @returns whether it is there now, also when it was before; false where there is none, as in a container
 */
export async function loadModule(name: string): Promise<boolean> {
  if (await isLoaded(name)) return true
  const byUnit = await exists('/run/systemd/system')
  try {
    await (byUnit
      ? runProgram('systemctl', ['-q', 'start', `modprobe@${name}.service`])
      : runProgram('modprobe', ['-q', name]))
  } catch (error) {
    if (!hasCode(error, 'PROGRAM_FAILED')) throw error
  }
  return isLoaded(name)
}

function isLoaded(name: string): Promise<boolean> {
  return exists(`/sys/module/${name}`)
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}
