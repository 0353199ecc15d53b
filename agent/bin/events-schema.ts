/** `okeanid events schema [TYPE]`: prints the JSON Schema of the bodies of messages, of all types or of one. */
import { AgentError } from '#errors.js'
import { messageSchema } from '#event/schema.js'
import { isJsonObject } from '#ganeti/json-value.js'

/** Prints it. @throws AgentError for a type that there is not */
export function printSchema(type: string | undefined): void {
  const schema = messageSchema()
  const definitions = isJsonObject(schema['$defs']) ? schema['$defs'] : {}
  if (type === undefined) {
    process.stdout.write(`${JSON.stringify(schema, undefined, 2)}\n`)
    return
  }
  const one = definitions[type]
  if (!isJsonObject(one))
    throw new AgentError(
      'INPUT_UNREADABLE',
      `${type}: is no type of message; there are ${Object.keys(definitions).join(', ')}`,
    )
  const alone = { $schema: schema['$schema'], ...one }
  process.stdout.write(`${JSON.stringify(alone, undefined, 2)}\n`)
}
