import { watch as watchWithChokidar } from 'chokidar'

/** A running watch on one directory. */
export interface Trigger {
  close(): Promise<void>
}

/**
 * Tells the name of each entry of a directory that appears, changes or goes, as a mere trigger: names may be told
 * twice, and none is told when the kernel's inotify queue overflows. Whoever needs certainty rescans.
 *
 * chokidar 6 is used in the one configuration that costs a single inotify watch and nothing per old file: everything
 * inside the directory is ignored and only the `raw` event is used (docs/decisions/0002-watching-the-queue.md has the figures).
 * It calls itself ready when nothing changes any more: in a busy queue that is never. The first change that it tells of proves as well
 * that it watches.
 * @param onName called with the bare name
 * @param onError the watch may be broken: close it and open another one
 */
export async function openTrigger(
  directory: string,
  onName: (name: string) => void,
  onError: (error: unknown) => void,
): Promise<Trigger> {
  const watcher = watchWithChokidar(directory, {
    ignored: (path) => path !== directory,
    depth: 0,
    ignoreInitial: true,
    usePolling: false,
    atomic: false,
    followSymlinks: true,
  })
  const opened = new Promise<void>((resolve) => {
    watcher.once('ready', resolve)
    watcher.once('raw', () => resolve())
    watcher.once('error', () => resolve())
  })
  watcher.on('raw', (_event, name) => {
    if (typeof name === 'string' && name !== '') onName(name)
  })
  watcher.on('error', onError)
  await opened
  return { close: () => watcher.close() }
}
