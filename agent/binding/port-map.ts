/**
 * Values of NICs, by the port that a NIC is at (its tap, by name or index) and by its hardware address. Nearly every port has
 * one NIC; such a port costs an entry of one map and nothing else.
 */
export interface PortMap<P, V> {
  get(port: P, mac: number): V | undefined
  /** All values at a port. */
  at(port: P): Iterable<V>
  /** Puts a value in place of the one with its address. */
  set(port: P, value: V): void
  delete(port: P, mac: number): void
  values(): Iterable<V>
}

/** A map without values. @param macOf the hardware address of a value, `macNumber`; always the same for the same value */
export function createPortMap<P, V extends object>(macOf: (value: V) => number): PortMap<P, V> {
  const ports = new Map<P, V | Map<number, V>>()

  function at(port: P): Iterable<V> {
    const found = ports.get(port)
    if (found === undefined) return []
    return found instanceof Map ? found.values() : [found]
  }

  return {
    get(port, mac) {
      const found = ports.get(port)
      if (found === undefined) return undefined
      if (found instanceof Map) return found.get(mac)
      return macOf(found) === mac ? found : undefined
    },
    at,
    set(port, value) {
      const mac = macOf(value)
      const found = ports.get(port)
      if (found instanceof Map) found.set(mac, value)
      else if (found === undefined || macOf(found) === mac) ports.set(port, value)
      else
        ports.set(
          port,
          new Map([
            [macOf(found), found],
            [mac, value],
          ]),
        )
    },
    delete(port, mac) {
      const found = ports.get(port)
      if (found === undefined) return
      if (found instanceof Map) found.delete(mac)
      if (found instanceof Map ? found.size === 0 : macOf(found) === mac) ports.delete(port)
    },
    *values() {
      for (const port of ports.keys()) yield* at(port)
    },
  }
}
