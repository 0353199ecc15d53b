// @ts-check
// node scripts/bundle-hook.mjs OUT: all that `okeanid nic up` needs, from dist/, and what V8 has made of it. Reading a hundred modules
// takes Node as long as all the rest of `nic up`, and compiling them a third of it. Written are
//   OUT                         a few lines that run the next
//   OUT's stem-DIGEST.js        the modules as one script (CommonJS: the loader of ES modules evaluates every export of Node's own)
//   ..-NODE-ARCH.cache          its bytecode: of this script, this Node and this processor, as its name says. V8 refuses what is not of
//                               its version and flags; without, Node compiles as ever. After an upgrade of Node run this again
// Knows what tsc writes and nothing more: static imports and exports in lines of their own, no cycles, no live bindings.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { replaceFile, writeBytecode } from './bytecode.mjs'

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
// one byte a character: Node reads that five times as fast
const code = ascii(`((require, __dirname) => {'use strict'
${[...builtins]
  .filter(([module]) => !isLate(module))
  .map(([module, name]) => `const ${name} = require('${module}')`)
  .join('\n')}
${parts.join('\n')}
return ${main}.runHook
})`)
const folder = path.dirname(out)
const stem = path.basename(out, path.extname(out))
const digest = createHash('sha256').update(code).digest('hex').slice(0, 16)
const script = `${stem}-${digest}`
const before = existing(out)
replaceFile(path.join(folder, `${script}.js`), code)
writeBytecode({ folder, script, code })
replaceFile(
  out,
  `'use strict'
// Made by scripts/bundle-hook.mjs; do not edit. The script is dist/agent/bin/nic-hook.js and all that it imports.
const { readFileSync } = require('node:fs')
const { Script } = require('node:vm')
const script = \`\${__dirname}/${script}\`
const source = readFileSync(\`\${script}.js\`, 'latin1')
let cachedData
try {
  cachedData = readFileSync(\`\${script}-\${process.version}-\${process.arch}.cache\`)
} catch {
  // of another Node: compiling takes some 14 ms
}
const runHook = new Script(source, { filename: '${script}.js', cachedData }).runInThisContext()(require, __dirname)
const [verb, ...args] = process.argv.slice(2)
void runHook(verb === 'down' ? 'down' : 'up', args).then((code) => process.exit(code))
`,
)
// whoever has read the old first file just now still wants the script that it names
for (const name of readdirSync(folder)) {
  const [, own] = name.match(/^(.+-[0-9a-f]{16})(?:\.js|-.*\.cache)$/) ?? []
  if (own?.startsWith(`${stem}-`) && own !== script && !before.includes(own))
    rmSync(path.join(folder, name))
}

/** @param {string} file */
function existing(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** @param {string} text */
function ascii(text) {
  return text.replaceAll(
    /[^\0-\x7f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

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
    // what is found from there is found from here: the script lies in dist/
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
  const late = [...builtins].find(([name, own]) => own === module && isLate(name))?.[0]
  if (late !== undefined) return what.startsWith('{') ? lateImports(what, late) : fail(late, what)
  if (what.startsWith('* as ')) return `const ${what.slice(5)} = ${module};`
  if (what.startsWith('{')) return `const ${what.replaceAll(' as ', ': ')} = ${module};`
  return isBuiltin ? `const ${what} = ${module};` : fail(module, 'a default import')
}

/**
 * Modules of Node that take it milliseconds to load, and that most runs do without: their functions load them when they are called.
 * @param {string} name
 */
function isLate(name) {
  return ['node:child_process', 'node:crypto', 'node:fs/promises'].includes(name)
}

/**
 * @param {string} what
 * @param {string} module
 */
function lateImports(what, module) {
  return [...what.matchAll(/(\w+)(?: as (\w+))?(?=[,\s}])/g)]
    .map(
      ([, name, own = name]) =>
        `const ${own} = (...args) => require('${module}').${name}(...args);`,
    )
    .join(' ')
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
