import type { Stamp } from '#central/stamp.js'
import type { JsonObject } from '#ganeti/json-value.js'
import type { OpStatus } from '#ganeti/status.js'

/** What a message tells the centre, checked and without what it does not care for. */
export type Report =
  | OpReport
  | NicsReport
  | GuestReport
  | LeaseReport
  | ProgressReport
  | DiagnosticReport
  | NetworkReport
  | ClusterReport
  | JobReport
  | OtherReport

/** Reports about one instance. */
export type InstanceReport = Exclude<
  Report,
  NetworkReport | ClusterReport | JobReport | OtherReport
>

/** What every op tells. */
interface OpParts {
  /** `OP_INSTANCE_CREATE` */
  readonly operation: string
  readonly status: OpStatus
  readonly jobId: number
  /** Undefined from Synnefo's eventd, which tells neither this nor of jobs. */
  readonly opIndex: number | undefined
  readonly timeUs: number
  readonly stamp: Stamp
  /** Why it failed, in Ganeti's words; empty when it did not. */
  readonly failure: string
  /** Ganeti's word for the kind of a failed prerequisite: `unknown_entity`, `already_exists`; else empty. */
  readonly errorCode: string
  /** Ganeti was asked to do nothing. */
  readonly isDryRun: boolean
}

/** A status of an op about an instance. */
export interface OpReport extends OpParts {
  readonly kind: 'op'
  readonly instance: string
  readonly log: string | null
  readonly vcpus: number | undefined
  readonly ramMib: number | undefined
  /** Where a create put it. */
  readonly node: string | undefined
  /** As the cluster's configuration has them. */
  readonly nics: readonly JsonObject[] | undefined
  readonly diskMib: number | undefined
  readonly tags: readonly string[] | undefined
  /** Ganeti's count of changes of the instance; 0 where it is not told. */
  readonly serial: number
}

/** The NICs of an instance as a hook saw them. */
export interface NicsReport {
  readonly kind: 'nics'
  readonly instance: string
  readonly stamp: Stamp
  readonly nics: readonly JsonObject[]
}

/** A node saw the QEMU of an instance start, or end without Ganeti's doing. */
export interface GuestReport {
  readonly kind: 'guest'
  readonly instance: string
  readonly node: string
  readonly status: 'started' | 'exited'
  readonly stamp: Stamp
}

/** A guest took its address. */
export interface LeaseReport {
  readonly kind: 'lease'
  readonly instance: string
  readonly mac: string
  readonly address: string | null
  readonly timeMs: number
}

/** How far the making of an instance is, 0 to 100. */
export interface ProgressReport {
  readonly kind: 'progress'
  readonly instance: string
  readonly percentage: number
  readonly stamp: Stamp
}

/** Something that an install said. */
export interface DiagnosticReport {
  readonly kind: 'diagnostic'
  readonly instance: string
  readonly level: 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR'
  readonly source: string
  readonly timeUs: number
  readonly message: string
  readonly details: string
}

/** A status of an op about a network. */
export interface NetworkReport extends OpParts {
  readonly kind: 'network'
  readonly network: string
  /** Addresses that an administrator keeps for something else from then on, and no longer. */
  readonly addReserved: readonly string[]
  readonly removeReserved: readonly string[]
}

/** A cluster's parameters changed, or its master. */
export interface ClusterReport {
  readonly kind: 'cluster'
  readonly isDone: boolean
}

/** How a job stands. */
export interface JobReport {
  readonly kind: 'job'
  readonly jobId: number
  readonly status: OpStatus
}

/** Nothing that the centre keeps. */
export interface OtherReport {
  readonly kind: 'other'
}

/** What a message is about, and what it tells. */
export interface Told {
  /** Name of the cluster; undefined where the sender does not say (Synnefo's installs and hooks). */
  readonly cluster: string | undefined
  readonly report: Report
}
