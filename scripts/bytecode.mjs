// @ts-check
// node bytecode.mjs nic.cjs: what V8 makes of the script of `okeanid nic up`, for the Node that runs this: the package does it when it is
// installed, and again when Node changes. Without it Node compiles the script at each start of a NIC, which takes some 14 ms.
import {
  closeSync,
  fchmodSync,
  fdatasyncSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { Script } from 'node:vm'

const [, self = '', bundle] = process.argv
if (realpathSync(self) === fileURLToPath(import.meta.url)) {
  if (bundle === undefined) throw new Error('usage: node bytecode.mjs FOLDER/nic.cjs')
  const [, script] = /\$\{__dirname\}\/([\w-]+)`/.exec(readFileSync(bundle, 'utf8')) ?? []
  if (script === undefined) throw new Error(`${bundle} was not made by scripts/bundle-hook.mjs`)
  const folder = path.dirname(realpathSync(bundle))
  writeBytecode({ folder, script, code: readFileSync(path.join(folder, `${script}.js`), 'latin1') })
  for (const name of readdirSync(folder)) {
    const isOfAnotherNode = name.startsWith(`${script}-`) && name !== cacheName(script)
    if (isOfAnotherNode && name.endsWith('.cache')) rmSync(path.join(folder, name))
  }
}

/**
 * @param {object} options
 * @param {string} options.folder
 * @param {string} options.script its name, without `.js`
 * @param {string} options.code
 */
export function writeBytecode({ folder, script, code }) {
  replaceFile(path.join(folder, cacheName(script)), bytecode(script, code))
}

/**
 * Whole or not at all, also after a power cut.
 * @param {string} file
 * @param {string | Uint8Array} content
 */
export function replaceFile(file, content) {
  const handle = openSync(`${file}.new`, 'w')
  writeFileSync(handle, content)
  fchmodSync(handle, 0o644)
  fdatasyncSync(handle)
  closeSync(handle)
  renameSync(`${file}.new`, file)
}

/** @param {string} script */
function cacheName(script) {
  return `${script}-${process.version}-${process.arch}.cache`
}

/**
 * Of all functions, also of those that are compiled only when they are called. The flag is set back, for V8 takes no bytecode that was
 * made with other flags.
 * @param {string} script
 * @param {string} code
 */
function bytecode(script, code) {
  setFlagsFromString('--no-lazy')
  const compiled = new Script(code, { filename: `${script}.js` })
  setFlagsFromString('--lazy')
  return compiled.createCachedData()
}
