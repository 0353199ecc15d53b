import { open } from 'node:fs/promises'
import path from 'node:path'
import { createInstanceTagsFinder, type InstanceTags } from '#ganeti/instance-tags.js'

/**
 * The tags of instances and their primary nodes, from `config.data` (only master candidates have it).
 * @returns undefined when the file is missing, may not be read, or is not whole
 */
export async function readInstanceTags(
  dataDirectory: string,
  names: ReadonlySet<string>,
): Promise<readonly InstanceTags[] | undefined> {
  const finder = createInstanceTagsFinder(names)
  try {
    await using file = await open(path.join(dataDirectory, 'config.data'))
    const slice = Buffer.allocUnsafe(64 * 1024)
    for (;;) {
      const { bytesRead } = await file.read(slice, 0, slice.length)
      if (bytesRead === 0) return finder.end()
      finder.write(slice.subarray(0, bytesRead))
    }
  } catch {
    return undefined
  }
}
