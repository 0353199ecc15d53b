import { randomInt } from 'node:crypto'

/** Without what is read as something else: 0 O o, 1 l I. */
const kinds = ['abcdefghijkmnpqrstuvwxyz', 'ABCDEFGHJKLMNPQRSTUVWXYZ', '23456789'] as const

const length = 16

/** A password for the administrator of a new server: 16 letters and digits, of each kind at least one. */
export function generateAdminPassword(): string {
  for (;;) {
    const letters = Array.from({ length }, () => pick(kinds.join('')))
    if (kinds.every((kind) => letters.some((letter) => kind.includes(letter)))) {
      return letters.join('')
    }
  }
}

function pick(letters: string): string {
  return letters.charAt(randomInt(letters.length))
}
