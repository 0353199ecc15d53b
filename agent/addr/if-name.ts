declare const ifNameBrand: unique symbol

/** The name of a network interface, as the kernel takes it: 1 to 15 bytes (IFNAMSIZ of linux/if.h). */
export type IfName = string & { readonly [ifNameBrand]: true }

/**
 * The interface that a text names. Stricter than dev_valid_name() of net/core/dev.c: printable ASCII without what would
 * mean something to a shell, a file name or a rule set; Ganeti's own names (`tap0`, `gnt.com.0`) fit.
 */
export function parseIfName(text: string): IfName | undefined {
  const isName = /^[A-Za-z0-9_.@-]{1,15}$/.test(text) && text !== '.' && text !== '..'
  return isName && !text.startsWith('-') ? (text as IfName) : undefined
}
