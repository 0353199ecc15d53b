// @ts-check
// node scripts/command-pages.mjs agent|central DIR: man pages and bash completion, made from what the compiled programs themselves know of
// their commands and of their configuration: they cannot say anything else than the program does.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { ROOT } from './program.mjs'

/** @typedef {import('commander').Command} Command */
/** @typedef {{ readonly name: string, readonly doc: string, readonly defaultText: string }} Key */
/** @typedef {ReadonlyMap<string, ReadonlyMap<string, Key>>} Sections */

/**
 * @typedef {object} Program
 * @property {string} name
 * @property {string} commands module of dist/ whose `program()` gives the commands
 * @property {string} schema module of dist/ with the keys of the configuration: `sections()`, or `centralSchema`
 * @property {string} config its file
 * @property {string} purpose
 */

/** @type {Readonly<Record<string, Program>>} */
const PROGRAMS = {
  agent: {
    name: 'okeanid',
    commands: 'dist/agent/bin/commands.js',
    schema: 'dist/agent/service/sections.js',
    config: 'okeanid.ini',
    purpose: 'agent of a Ganeti node',
  },
  central: {
    name: 'okeanid-central',
    commands: 'dist/central/bin/commands.js',
    schema: 'dist/central/config/central-schema.js',
    config: 'central.ini',
    purpose: 'thin central API over Ganeti clusters',
  },
}

const [which = '', out = ''] = process.argv.slice(2)
const program = PROGRAMS[which]
if (program === undefined || out === '')
  throw new Error('usage: node scripts/command-pages.mjs agent|central DIR')
const { version } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'))
/** @type {{ program: () => Command }} */
const { program: commandsOf } = await load(program.commands)
/** @type {{ sections?: () => Sections, centralSchema?: Record<string, Record<string, Key>> }} */
const { sections, centralSchema = {} } = await load(program.schema)
const root = commandsOf()
write(`man/${program.name}.1`, commandPage(program, root))
write(`man/${program.config}.5`, configPage(program, sections?.() ?? mapsOf(centralSchema)))
write(`completion/${program.name}`, completion(program.name, root))

/** @param {string} module */
async function load(module) {
  return import(pathToFileURL(path.join(ROOT, module)).href)
}

/** @param {Record<string, Record<string, Key>>} schema @returns {Sections} */
function mapsOf(schema) {
  return new Map(
    Object.entries(schema).map(([name, keys]) => [name, new Map(Object.entries(keys))]),
  )
}

/** @param {string} name @param {string} text */
function write(name, text) {
  const file = path.join(out, name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text)
}

/** @param {Program} program @param {Command} root */
function commandPage({ name, config, purpose }, root) {
  const parts = [
    title(name, 1),
    `.SH NAME\n${name} \\- ${roff(purpose)}`,
    `.SH SYNOPSIS\n.B ${name}\n.I COMMAND\n[\\fIOPTION\\fR]...`,
    `.SH DESCRIPTION\n${roff(root.description())}`,
    '.SH COMMANDS',
    ...leaves(root).map(({ words, command }) => commandEntry(words, command)),
    '.SH EXIT STATUS\n.TP\n0\nit is done\n.TP\n1\nit failed; one line on standard error says what, on what, and what to do\n.TP\n2\nwrong usage\n.TP\n78\nthe configuration cannot be used',
    `.SH FILES\n.TP\n.I /etc/okeanid/${config}\nand *.ini of the folder /etc/okeanid/${path.basename(config, '.ini')}.d beside it`,
    `.SH SEE ALSO\n.BR ${roff(config)} (5),\n.I /usr/share/doc/okeanid-${which}/`,
  ]
  return `${parts.join('\n')}\n`
}

/** @param {readonly string[]} words @param {Command} command */
function commandEntry(words, command) {
  const usage = command.registeredArguments.map((argument) =>
    argument.required ? `\\fI${roff(argument.name())}\\fR` : `[\\fI${roff(argument.name())}\\fR]`,
  )
  const entry = [`.SS ${[roff(words.join(' ')), ...usage].join(' ')}`, roff(command.description())]
  for (const argument of command.registeredArguments) {
    if (argument.description)
      entry.push(`.TP\n\\fI${roff(argument.name())}\\fR\n${roff(argument.description)}`)
  }
  for (const option of command.options) {
    if (option.hidden) continue
    const choices = option.argChoices === undefined ? '' : ` (${option.argChoices.join(', ')})`
    const preset =
      option.defaultValue === undefined ? '' : `; default ${String(option.defaultValue)}`
    entry.push(
      `.TP\n\\fB${roff(option.flags)}\\fR\n${roff(`${option.description}${choices}${preset}`)}`,
    )
  }
  return entry.join('\n')
}

/** @param {Program} program @param {Sections} all */
function configPage({ name, config }, all) {
  const parts = [
    title(config, 5),
    `.SH NAME\n${roff(config)} \\- configuration of ${name}`,
    `.SH DESCRIPTION\nSections and keys of\n.I /etc/okeanid/${config}\nand of *.ini in the folder beside it, which are read after it in name order. A section or key that does not exist is an error. Lengths of time have a unit (500ms, 10s, 5m, 1h, 7d), sizes may have one (64K, 8M, 1G).`,
  ]
  for (const [section, keys] of all) {
    parts.push(`.SH [${roff(section)}]`)
    for (const [key, { doc, defaultText }] of keys) {
      parts.push(`.TP\n\\fB${roff(key)}\\fR = \\fI${roff(defaultText)}\\fR\n${roff(doc)}`)
    }
  }
  parts.push(`.SH SEE ALSO\n.BR ${name} (1)`)
  return `${parts.join('\n')}\n`
}

/** @param {string} name @param {number} section */
function title(name, section) {
  return `.TH "${name.toUpperCase()}" "${section}" "" "Okeanid ${version}"`
}

/**
 * Every command that does something, with the words that call it.
 * @param {Command} command @param {readonly string[]} words
 * @returns {{ words: readonly string[], command: Command }[]}
 */
function leaves(command, words = []) {
  const own = command.commands.filter((one) => one.name() !== 'help')
  if (own.length === 0) return [{ words, command }]
  return own.flatMap((one) => leaves(one, [...words, one.name()]))
}

/** What must not be read as a request of roff. @param {string} text */
function roff(text) {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^([.'])/gm, '\\&$1')
    .replaceAll('’', "'")
    .replaceAll('…', '...')
}

/** @param {string} name @param {Command} root */
function completion(name, root) {
  /** @type {string[]} */
  const cases = []
  /** @param {Command} command @param {string} words */
  const add = (command, words) => {
    const names = command.commands.map((one) => one.name())
    const flags = command.options
      .filter(({ hidden }) => !hidden)
      .map(({ long, short }) => long ?? short)
    cases.push(`    '${words}') words='${[...names, ...flags, '--help'].join(' ')}' ;;`)
    for (const one of command.commands) add(one, `${words} ${one.name()}`.trim())
  }
  add(root, '')
  const identifier = `_${name.replaceAll('-', '_')}`
  return `# bash completion of ${name}; made by scripts/command-pages.mjs
${identifier}() {
  local current=\${COMP_WORDS[COMP_CWORD]} line='' word words=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word == -* ]] || line="$line\${line:+ }$word"
  done
  while :; do
    case $line in
${cases.join('\n')}
    esac
    [[ -z $words && $line == *' '* ]] || break
    line=\${line% *}
  done
  if [[ -n $words ]]; then mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current"); fi
}
complete -o bashdefault -o default -F ${identifier} ${name}
`
}
