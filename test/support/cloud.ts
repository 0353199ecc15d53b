import type { Change } from '#central/store/store.js'

/** Ids of what {@link seedCloud} makes. */
export const small = 'c1r1'

/** Twice as large, on the same disk. */
export const large = 'c2r2'

/** An image whose scripts get everything, by both ways. */
export const image = '6f1f1a9e-0000-4000-8000-000000000001'

/** An image that gets its secrets by the one-time address only, as a rebuild needs it. */
export const urlImage = '6f1f1a9e-0000-4000-8000-000000000002'

/** Makes a cluster with room, two flavors and two images. */
export async function seedCloud(tx: Change, nowMs: number): Promise<void> {
  await tx
    .insertInto('backends')
    .values({
      id: 1,
      cluster_name: 'cluster.example.org',
      rapi_urls: '["https://10.0.0.1:5080"]',
      rapi_user: 'okeanid',
      rapi_password: '',
      rapi_ca: '',
      broker_user: null,
      is_drained: 0,
      is_offline: 0,
      node_groups: '["default"]',
      hypervisor: 'kvm',
      disk_templates: '["plain","drbd"]',
      node_count: 3,
      cpu_total: 96,
      memory_total_mib: 400_000,
      memory_free_mib: 300_000,
      disk_total_mib: 9_000_000,
      disk_free_mib: 8_000_000,
      instance_count: 0,
      updated_ms: nowMs,
      ganeti_version: '3.0.2',
    })
    .execute()
  for (const [id, count] of [
    [small, 1],
    [large, 2],
  ] as const) {
    const size = { vcpus: count, ram_mib: count * 1024, disk_gib: 10 }
    const flavor = {
      id,
      name: id.toUpperCase(),
      ...size,
      disk_template: 'plain',
      is_public: 1,
    } as const
    await tx.insertInto('flavors').values(flavor).execute()
  }
  const times = { created_ms: nowMs, updated_ms: nowMs }
  const common = {
    os_type: 'snf-image+default',
    hvparams: '{}',
    properties: '{"OSFAMILY":"linux"}',
    min_disk_gib: 5,
    min_ram_mib: 512,
    is_public: 1,
    project_id: null,
    ...times,
  } as const
  await tx
    .insertInto('images')
    .values([
      {
        id: image,
        name: 'debian',
        osparams: '{"img_id":"debian.raw","config_url":"{{config_url}}","name":"{{hostname}}"}',
        osparams_secret:
          '{"img_passwd":"{{admin_pass}}","keys":"{{ssh_keys}}","data":"{{user_data}}"}',
        ...common,
      },
      {
        id: urlImage,
        name: 'debian-url',
        osparams: '{"config_url":"{{config_url}}"}',
        osparams_secret: '{}',
        ...common,
      },
    ])
    .execute()
}
