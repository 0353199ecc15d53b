import type { Selectable } from 'kysely'
import type { BackendTable } from './tables/cluster.js'
import type {
  KeypairTable,
  ProjectTable,
  QuotaTable,
  RoleAssignmentTable,
  TokenTable,
  UserTable,
} from './tables/identity.js'
import type { LookTable } from './tables/look.js'
import type {
  AddressTable,
  BackendNetworkTable,
  FloatingIpTable,
  NetworkTable,
  PoolTable,
  PoolValueTable,
  PortTable,
  SubnetTable,
} from './tables/network.js'
import type { FlavorTable, ImageTable } from './tables/offer.js'
import type {
  ConsoleTable,
  DiagnosticTable,
  GuestLeaseTable,
  OneTimeParameterTable,
  ServerMetadataTable,
  ServerTable,
} from './tables/server.js'
import type {
  DeadLetterTable,
  EventTable,
  IntentTable,
  SeenMessageTable,
} from './tables/traffic.js'

/**
 * Tables of the centre. Column names say the unit: `…_ms` is Unix time in milliseconds by our clock, `…_us` in microseconds by
 * Ganeti's. Flags are 0 or 1, lists and objects JSON text: both engines then hold the same values.
 *
 * A *stamp* orders what two messages say of one thing (`central/stamp.ts`); each column that Ganeti decides, or group of
 * them, has one, and only what bears a higher stamp changes it. So messages may come twice, late and in any order.
 */
export interface Database {
  readonly backends: BackendTable
  readonly projects: ProjectTable
  readonly users: UserTable
  readonly role_assignments: RoleAssignmentTable
  readonly tokens: TokenTable
  readonly flavors: FlavorTable
  readonly images: ImageTable
  readonly keypairs: KeypairTable
  readonly quotas: QuotaTable
  readonly servers: ServerTable
  readonly server_metadata: ServerMetadataTable
  readonly diagnostics: DiagnosticTable
  readonly guest_leases: GuestLeaseTable
  readonly networks: NetworkTable
  readonly backend_networks: BackendNetworkTable
  readonly subnets: SubnetTable
  readonly pools: PoolTable
  readonly pool_values: PoolValueTable
  readonly ports: PortTable
  readonly addresses: AddressTable
  readonly floating_ips: FloatingIpTable
  readonly intents: IntentTable
  readonly looks: LookTable
  readonly one_time_parameters: OneTimeParameterTable
  readonly consoles: ConsoleTable
  readonly events: EventTable
  readonly seen_messages: SeenMessageTable
  readonly dead_letters: DeadLetterTable
}

/** A row of a table as it is read. */
export type Row<T extends keyof Database> = Selectable<Database[T]>
