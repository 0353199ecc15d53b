import { err, ok } from '#result.js'
import type { Field } from '#service/config-fields.js'

/** A text of a shape; empty for "none" where the default is empty. */
export function shaped(
  defaultText: string,
  doc: string,
  { pattern, wants }: { readonly pattern: RegExp; readonly wants: string },
): Field<string> {
  return {
    defaultText,
    doc,
    isSecret: false,
    parse: (text) =>
      pattern.test(text) || (text === '' && defaultText === '') ? ok(text) : err(`wants ${wants}`),
  }
}

/** Where the store is; it may hold a password. */
export function storeUrl(defaultText: string, doc: string): Field<string> {
  const wants = 'wants sqlite:/FILE, sqlite::memory: or postgres://user:password@host/database'
  return {
    defaultText,
    doc,
    isSecret: true,
    parse: (text) =>
      text === 'sqlite::memory:' ||
      text.startsWith('sqlite:/') ||
      (/^postgres(?:ql)?:\/\//.test(text) && URL.canParse(text))
        ? ok(text)
        : err(wants),
  }
}

/** An address of a service, without the slash at its end; empty for none. */
export function httpUrl(doc: string): Field<string> {
  return {
    defaultText: '',
    doc,
    isSecret: false,
    parse(text) {
      if (text === '') return ok('')
      const isHttp = URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
      return isHttp ? ok(text.replace(/\/+$/, '')) : err('wants an address like https://host:8774')
    },
  }
}

/** Words, separated by commas, each of a shape. */
export function words(
  defaultText: string,
  doc: string,
  { pattern, wants }: { readonly pattern: RegExp; readonly wants: string },
): Field<readonly string[]> {
  return {
    defaultText,
    doc,
    isSecret: false,
    parse(text) {
      const members = text
        .split(',')
        .map((member) => member.trim())
        .filter((member) => member !== '')
      return members.every((member) => pattern.test(member)) ? ok(members) : err(`wants ${wants}`)
    },
  }
}

/** A number of things that a project may have; -1 for as many as it likes. */
export function quota(defaultText: string, doc: string): Field<number> {
  return {
    defaultText,
    doc,
    isSecret: false,
    parse: (text) =>
      /^(?:-1|\d{1,9})$/.test(text)
        ? ok(Number(text))
        : err('wants a whole number, or -1 for no limit'),
  }
}
