/** A short digest of a text, to tell texts apart and not to protect them: FNV-1a twice, with different beginnings. */
export function textDigest(text: string): string {
  return [0x811c9dc5, 0x01000193].map((start) => fnv1a(text, start)).join('')
}

function fnv1a(text: string, start: number): string {
  let hash = start
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0
  }
  return hash.toString(16).padStart(8, '0')
}
