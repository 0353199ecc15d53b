import { isPrintableAscii } from '#central/intent/ascii.js'

/** What an OS script may be told of a server. */
export interface OsFacts {
  readonly admin_pass: string
  /** A public key on one line, or nothing. */
  readonly ssh_keys: string
  /** Base64. */
  readonly user_data: string
  /** Base64 of JSON: a list of `{path, contents}` with contents in base64. */
  readonly personality: string
  readonly hostname: string
  /** Where all of it can be fetched once. */
  readonly config_url: string
}

/** Facts that are secret: a template may name them only where Ganeti keeps them out of its files. */
const secrets = ['admin_pass', 'user_data', 'personality', 'config_url'] as const

/** Parameters of an OS: names and texts with `{{fact}}` in them. */
export type OsTemplate = Readonly<Record<string, string>>

/** Reads a template from an image's row. What is no text is written as JSON. */
export function parseTemplate(json: string): OsTemplate {
  const object = (json === '' ? {} : JSON.parse(json)) as Readonly<Record<string, unknown>>
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  )
}

/** Whether a template asks for a fact. */
export function asksFor(template: OsTemplate, fact: keyof OsFacts): boolean {
  return Object.values(template).some((value) => factsIn(value).includes(fact))
}

/** Facts that a template for parameters that are not secret must not name, but does: they would be in every job file. */
export function leakedBy(template: OsTemplate): readonly string[] {
  // a one-time address is worth nothing once it was used, and Ganeti's scripts have no other way to get it on a rebuild
  return secrets.filter((fact) => fact !== 'config_url' && asksFor(template, fact))
}

/** The parameters with the facts in their places. */
export function fillTemplate(
  template: OsTemplate,
  facts: OsFacts,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(template).map(([name, value]) => [
      name,
      value.replace(placeholder, (whole, fact: string) =>
        Object.hasOwn(facts, fact) ? facts[fact as keyof OsFacts] : whole,
      ),
    ]),
  )
}

/** The first parameter that holds what may not go to Ganeti, or undefined. */
export function unfitParameter(parameters: Readonly<Record<string, string>>): string | undefined {
  return Object.keys(parameters).find((name) => !isPrintableAscii(parameters[name] ?? ''))
}

/** A name for the guest out of its name here: letters, digits and dashes (RFC 1123 §2.1). */
export function hostnameOf(name: string, id: number): string {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '')
  return plain === '' ? `server-${id}` : plain
}

const placeholder = /\{\{\s*([a-z_]+)\s*\}\}/g

function factsIn(value: string): readonly string[] {
  return [...value.matchAll(placeholder)].flatMap(([, fact]) => (fact === undefined ? [] : [fact]))
}
