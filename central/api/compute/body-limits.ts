import type { Context } from '#central/api/context.js'
import { Fault } from '#central/api/fault.js'

type Config = Context['config']

/** @throws Fault 403 when there are more notes than a server may have */
export function requireMetadataRoom(
  { servers }: Config,
  metadata: Readonly<Record<string, string>>,
): void {
  if (Object.keys(metadata).length > servers.metadata) {
    throw new Fault('forbidden', `Maximum number of metadata items exceeds ${servers.metadata}`)
  }
}

/** @throws Fault 400 when a file is not in base64 or has no path of its own; 413 when there are too many, or they are too large */
export function requirePersonality(
  { servers }: Config,
  files: readonly { readonly path: string; readonly contents: string }[],
): void {
  if (files.length > servers.personality) {
    throw new Fault('overLimit', `Personality file limit exceeded: at most ${servers.personality}`)
  }
  for (const { path, contents } of files) {
    const isPath = path.startsWith('/') && !path.split('/').includes('..') && !path.includes('\0')
    if (!isPath) throw new Fault('badRequest', 'personality: path wants to be absolute')
    const bytes = base64Bytes(contents)
    if (bytes === undefined) throw new Fault('badRequest', 'personality: contents want base64')
    if (bytes > servers.personality_size.bytes) {
      throw new Fault(
        'overLimit',
        `Personality file content limit exceeded: ${servers.personality_size.bytes} bytes`,
      )
    }
  }
}

/** @throws Fault 400 when user data is not in base64, or too long, as Nova's */
export function requireUserData({ servers }: Config, text: string): void {
  const bytes = base64Bytes(text)
  if (bytes === undefined) throw new Fault('badRequest', 'user_data wants base64')
  if (bytes > servers.user_data_size.bytes) {
    throw new Fault('badRequest', `user_data may have ${servers.user_data_size.bytes} bytes`)
  }
}

/** How many bytes a text in base64 stands for; undefined when it is not. Line breaks are allowed, as Python makes them. */
function base64Bytes(text: string): number | undefined {
  const plain = text.replace(/\s+/g, '')
  if (plain.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(plain)) return undefined
  return Buffer.byteLength(plain, 'base64')
}
