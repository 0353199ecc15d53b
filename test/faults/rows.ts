import { agentRows } from './agent-rows.js'
import { brokerRows } from './broker-rows.js'
import { failoverRows } from './failover-rows.js'
import { ganetiRows } from './ganeti-rows.js'
import { hookRows } from './hook-rows.js'
import type { Row } from './row.js'

/** The fault matrix, in the order of the page. */
export const rows: readonly Row[] = [
  ...agentRows,
  ...brokerRows,
  ...ganetiRows,
  ...hookRows,
  ...failoverRows,
]
