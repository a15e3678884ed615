/** The provisioners of this version. The one place that names them all. */
import { capiProvisioner } from '../provisioners/capi/capi.ts';
import { existingProvisioner } from '../provisioners/existing/existing.ts';
import { localProvisioner } from '../provisioners/local/local.ts';
import type { ProvisionerRegistry } from '../provisioners/provisioner.ts';

export function createRegistry(): ProvisionerRegistry {
  return new Map([localProvisioner, capiProvisioner, existingProvisioner].map((provisioner) => [provisioner.name, provisioner]));
}
