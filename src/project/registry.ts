/** The provisioners of this version. The one place that names them all. */
import { existingProvisioner } from '../provisioners/existing/existing.ts';
import { localProvisioner } from '../provisioners/local/local.ts';
import type { ProvisionerRegistry } from '../provisioners/provisioner.ts';

export function createRegistry(): ProvisionerRegistry {
  return new Map([localProvisioner, existingProvisioner].map((provisioner) => [provisioner.name, provisioner]));
}
