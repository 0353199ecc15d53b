import type { ColumnKinds } from '#central/store/columns.js'

/** Tables with a key of their own, and that key. */
export const keyedTables: Readonly<
  Record<string, { readonly key: readonly string[]; readonly columns: ColumnKinds }>
> = {
  backends: {
    key: ['id'],
    columns: {
      id: 'number',
      cluster_name: 'text',
      rapi_urls: 'text',
      rapi_user: 'text',
      rapi_password: 'text',
      rapi_ca: 'text',
      broker_user: 'text?',
      is_drained: 'flag',
      is_offline: 'flag',
      hypervisor: 'text',
      disk_templates: 'text',
      node_groups: 'stamp',
      node_count: 'zero',
      cpu_total: 'zero',
      memory_total_mib: 'zero',
      memory_free_mib: 'zero',
      disk_total_mib: 'zero',
      disk_free_mib: 'zero',
      instance_count: 'zero',
      updated_ms: 'zero',
      ganeti_version: 'stamp',
    },
  },
  projects: {
    key: ['id'],
    columns: {
      id: 'text',
      name: 'text',
      description: 'text',
      is_enabled: 'flag',
      created_ms: 'number',
    },
  },
  users: {
    key: ['id'],
    columns: {
      id: 'text',
      name: 'text',
      password_hash: 'text',
      default_project_id: 'text?',
      is_enabled: 'flag',
      created_ms: 'number',
    },
  },
  role_assignments: {
    key: ['user_id', 'project_id', 'role'],
    columns: { user_id: 'text', project_id: 'text', role: 'text' },
  },
  tokens: {
    key: ['digest'],
    columns: {
      digest: 'text',
      user_id: 'text',
      project_id: 'text?',
      issued_ms: 'number',
      expires_ms: 'number',
      audit_id: 'text',
    },
  },
  flavors: {
    key: ['id'],
    columns: {
      id: 'text',
      name: 'text',
      vcpus: 'number',
      ram_mib: 'number',
      disk_gib: 'number',
      disk_template: 'text',
      is_public: 'flag',
      deleted_ms: 'number?',
    },
  },
  images: {
    key: ['id'],
    columns: {
      id: 'text',
      name: 'text',
      os_type: 'text',
      osparams: 'text',
      osparams_secret: 'stamp',
      hvparams: 'text',
      properties: 'text',
      min_disk_gib: 'zero',
      min_ram_mib: 'zero',
      is_public: 'flag',
      project_id: 'text?',
      created_ms: 'number',
      updated_ms: 'number',
      deleted_ms: 'number?',
    },
  },
  keypairs: {
    key: ['user_id', 'name'],
    columns: {
      user_id: 'text',
      name: 'text',
      public_key: 'text',
      fingerprint: 'text',
      type: 'text',
      created_ms: 'number',
    },
  },
  quotas: {
    key: ['project_id', 'resource'],
    columns: { project_id: 'text', resource: 'text', quota: 'number' },
  },
  server_metadata: {
    key: ['server_id', 'key'],
    columns: { server_id: 'number', key: 'text', value: 'text' },
  },
  backend_networks: {
    key: ['backend_id', 'network_id'],
    columns: {
      backend_id: 'number',
      network_id: 'number',
      state: 'text',
      stamp: 'stamp',
      intent_id: 'number?',
    },
  },
  one_time_parameters: {
    key: ['digest'],
    columns: { digest: 'text', server_id: 'number', body: 'text', expires_ms: 'number' },
  },
  guest_leases: {
    key: ['server_id', 'mac'],
    columns: { server_id: 'number', mac: 'text', address: 'text?', leased_ms: 'number' },
  },
  consoles: {
    key: ['digest'],
    columns: { digest: 'text', server_id: 'number', expires_ms: 'number' },
  },
  looks: {
    key: ['backend_id', 'subject'],
    columns: { backend_id: 'number', subject: 'text', proof: 'text', since_ms: 'number' },
  },
  seen_messages: { key: ['message_id'], columns: { message_id: 'text', seen_ms: 'number' } },
}
