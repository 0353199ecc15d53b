import { readFileSync } from 'node:fs'

/**
 * Which of these Unix sockets somebody listens at, without asking: also those that are not ours to connect to. By the kernel's table
 * (`/proc/net/unix`, net/unix/af_unix.c, unix_seq_show), whose flag `__SO_ACCEPTCON` goes with the process that listened.
 */
export function listeningAmong<T>(sockets: readonly (readonly [T, string])[]): readonly T[] {
  const open = listeningPaths(readTable())
  return sockets.flatMap(([name, path]) => (open.has(path) ? [name] : []))
}

/** `__SO_ACCEPTCON` (linux/net.h). */
const acceptsConnections = 0x10000

/** The paths in the text of the kernel's table that are listened at. */
export function listeningPaths(table: string): ReadonlySet<string> {
  const paths = table.split('\n').flatMap((row) => {
    const [, flags, path] =
      /^[0-9a-f]+: [0-9A-F]+ [0-9A-F]+ ([0-9A-F]+) [0-9A-F]+ [0-9A-F]+ +\d+ (\/.*)$/.exec(row) ?? []
    const isOpen = flags !== undefined && (Number.parseInt(flags, 16) & acceptsConnections) !== 0
    return isOpen && path !== undefined ? [path] : []
  })
  return new Set(paths)
}

function readTable(): string {
  try {
    return readFileSync('/proc/self/net/unix', 'utf8')
  } catch {
    return '' // hidden from us: then nothing is known of others
  }
}
