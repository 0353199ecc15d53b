import type { Row } from '#central/store/schema.js'

/** What a size is compared by. */
export type Size = Pick<Row<'flavors'>, 'id' | 'vcpus' | 'ram_mib' | 'disk_gib' | 'disk_template'>

/**
 * The flavor of a server whose processors or memory were changed: the one that it has if that fits, else another of the same disk;
 * the one that it has, too, when none fits, for a size that an administrator chose needs no flavor.
 */
export function flavorOf(
  flavors: readonly Size[],
  {
    flavorId,
    vcpus,
    ramMib,
  }: { readonly flavorId: string; readonly vcpus: number; readonly ramMib: number },
): string {
  const current = flavors.find(({ id }) => id === flavorId)
  const fits = (one: Size) => one.vcpus === vcpus && one.ram_mib === ramMib
  if (current === undefined || fits(current)) return flavorId
  const sameDisk = (one: Size) =>
    one.disk_gib === current.disk_gib && one.disk_template === current.disk_template
  return flavors.find((one) => fits(one) && sameDisk(one))?.id ?? flavorId
}
