import type { Kysely } from 'kysely'
import { addColumns, addSerial, type Engine } from '#central/store/columns.js'
import { keyedTables } from './0001-keyed-tables.js'
import { serialTables } from './0001-serial-tables.js'

/** [table, columns, unique] of each index. */
const indexes: readonly (readonly [string, readonly string[], 'unique' | 'plain'])[] = [
  ['backends', ['cluster_name'], 'unique'],
  ['projects', ['name'], 'unique'],
  ['users', ['name'], 'unique'],
  ['role_assignments', ['project_id'], 'plain'],
  ['tokens', ['expires_ms'], 'plain'],
  ['tokens', ['user_id'], 'plain'],
  ['servers', ['backend_id', 'instance_name'], 'unique'],
  ['servers', ['project_id', 'deleted_ms', 'id'], 'plain'],
  ['servers', ['updated_ms'], 'plain'],
  ['diagnostics', ['server_id', 'id'], 'plain'],
  ['diagnostics', ['message_id'], 'unique'],
  ['networks', ['project_id'], 'plain'],
  ['backend_networks', ['network_id'], 'plain'],
  ['subnets', ['network_id'], 'plain'],
  ['pools', ['subnet_id'], 'plain'],
  ['pool_values', ['pool_id', 'value'], 'unique'],
  ['pool_values', ['pool_id', 'owner_kind', 'is_reserved', 'free_ms', 'ordinal'], 'plain'],
  ['pool_values', ['owner_kind', 'owner_id'], 'plain'],
  ['ports', ['server_id'], 'plain'],
  ['ports', ['network_id'], 'plain'],
  ['ports', ['project_id'], 'plain'],
  ['addresses', ['port_id'], 'plain'],
  ['addresses', ['network_id', 'address'], 'unique'],
  ['floating_ips', ['network_id', 'address'], 'unique'],
  ['floating_ips', ['project_id'], 'plain'],
  ['floating_ips', ['port_id'], 'plain'],
  ['intents', ['status', 'next_ms'], 'plain'],
  ['intents', ['backend_id', 'job_id'], 'plain'],
  ['intents', ['server_id'], 'plain'],
  ['intents', ['network_id', 'backend_id'], 'plain'],
  ['networks', ['ganeti_name'], 'unique'],
  ['events', ['project_id', 'id'], 'plain'],
  ['events', ['created_ms'], 'plain'],
  ['seen_messages', ['seen_ms'], 'plain'],
  ['one_time_parameters', ['expires_ms'], 'plain'],
  ['consoles', ['expires_ms'], 'plain'],
]

/** Makes everything of the first version. */
export async function up(db: Kysely<unknown>, engine: Engine): Promise<void> {
  for (const [name, columns] of Object.entries(serialTables)) {
    await addColumns(addSerial(db.schema.createTable(name), engine), columns).execute()
  }
  for (const [name, { key, columns }] of Object.entries(keyedTables)) {
    const table = addColumns(db.schema.createTable(name), columns)
    await table.addPrimaryKeyConstraint(`${name}_key`, [...key] as never[]).execute()
  }
  for (const [table, columns, kind] of indexes) {
    const index = db.schema.createIndex(`${table}_${columns.join('_')}`).on(table)
    const made = index.columns([...columns])
    await (kind === 'unique' ? made.unique() : made).execute()
  }
}
