// @ts-check
// node scripts/bundle-hook.mjs OUT: all that `okeanid nic up` needs, as one file, from dist/. Reading a hundred modules takes Node as
// long as all the rest of `nic up`; one file takes it a few milliseconds (CommonJS: the loader of
// ES modules evaluates every export of Node's own, streams and all). Knows what tsc writes and nothing more: static imports and
// exports in lines of their own, no cycles, no live bindings.
import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const dist = path.join(path.dirname(fileURLToPath(import.meta.url)), '../dist/agent')
const entry = path.join(dist, 'bin/nic-hook.js')

/** @type {Map<string, string>} file -> the name of its exports */
const names = new Map()
/** @type {string[]} */
const parts = []
/** @type {Map<string, string>} */
const builtins = new Map()

const [out] = process.argv.slice(2)
if (out === undefined) throw new Error('usage: node scripts/bundle-hook.mjs OUT')
const main = add(entry)
const text = `'use strict'
// Made by scripts/bundle-hook.mjs of dist/agent/bin/nic-hook.js and all that it imports; do not edit.
${[...builtins].map(([module, name]) => `const ${name} = require('${module}')`).join('\n')}
${parts.join('\n')}
const [verb, ...args] = process.argv.slice(2)
void ${main}.runHook(verb === 'down' ? 'down' : 'up', args).then((code) => process.exit(code))
`
writeFileSync(`${out}.new`, text)
chmodSync(`${out}.new`, 0o644)
renameSync(`${out}.new`, out)

/**
 * Adds a module after those that it imports.
 * @param {string} file
 * @returns {string} the name of its exports
 */
function add(file) {
  const known = names.get(file)
  if (known !== undefined) return known
  /** @type {string[]} */
  const exported = []
  const body = readFileSync(file, 'utf8')
    .replace(/^\/\/# sourceMappingURL=.*$/m, '')
    // what is found from there is found from here: the bundle lies in dist/
    .replaceAll(
      'import.meta.url',
      `(__dirname + '/${path.join('agent', path.relative(dist, file))}')`,
    )
    .replaceAll(/^import '(.*)';?$/gm, () => fail(file, 'imports for effect'))
    .replaceAll(/^import (\{[^}]*\}|\* as \w+|\w+) from '([^']*)';?$/gm, (_all, what, from) =>
      importOf(String(what), moduleName(String(from), file), String(from).startsWith('node:')),
    )
    .replaceAll(/^export ((?:async )?function\*?|const|class) (\w+)/gm, (_all, kind, name) => {
      exported.push(String(name))
      return `${kind} ${name}`
    })
    .replaceAll(/^export \{\s*\};?$/gm, '')
  if (/^(?:import|export)\b/m.test(body)) fail(file, 'something that tsc was not expected to write')
  const name = `m${names.size}`
  names.set(file, name)
  parts.push(`const ${name} = (() => {\n${body}\nreturn { ${exported.join(', ')} }\n})()`)
  return name
}

/**
 * @param {string} what
 * @param {string} module
 * @param {boolean} isBuiltin
 */
function importOf(what, module, isBuiltin) {
  if (what.startsWith('* as ')) return `const ${what.slice(5)} = ${module};`
  if (what.startsWith('{')) return `const ${what.replaceAll(' as ', ': ')} = ${module};`
  return isBuiltin ? `const ${what} = ${module};` : fail(module, 'a default import')
}

/**
 * @param {string} from
 * @param {string} file
 */
function moduleName(from, file) {
  if (from.startsWith('node:')) {
    const name = builtins.get(from) ?? `n${builtins.size}`
    builtins.set(from, name)
    return name
  }
  if (from.startsWith('#')) return add(path.join(dist, from.slice(1)))
  if (from.startsWith('./')) return add(path.join(path.dirname(file), from))
  return fail(file, `package ${from}: nic up must do without`)
}

/**
 * @param {string} file
 * @param {string} what
 * @returns {never}
 */
function fail(file, what) {
  throw new Error(`${file}: ${what}`)
}
