import { loadAddon } from './native.js'

/** Tells systemd how the service is (sd_notify(3)). */
export type Notify = (state: string) => void

/**
 * A connection to the service manager. Node has no Unix datagrams, so the addon sends them.
 *
 * @param socketPath value of NOTIFY_SOCKET; undefined or empty gives a Notify that does nothing
 * @throws AgentError NATIVE_MISSING when systemd waits for us and the addon cannot be loaded
 */
export function openNotify(socketPath: string | undefined): Notify {
  if (socketPath === undefined || socketPath === '') return () => {}
  const { sendDatagram } = loadAddon()
  return (state) => sendDatagram(socketPath, state)
}
