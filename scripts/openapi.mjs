// @ts-check
// Writes docs/openapi.json, the OpenAPI document of okeanid-central, from the routes as they were built (`npx tsc` first).
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const document = join(root, 'dist', 'central', 'api', 'document.js')
const { openApiText } = await import(document)
writeFileSync(join(root, 'docs', 'openapi.json'), await openApiText())
