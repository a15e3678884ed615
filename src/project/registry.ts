/** The provisioners and network providers of this version. The one place that names them all. */
import { awsNetworkProvider } from '../networks/aws/aws.ts';
import type { NetworkRegistry } from '../networks/network.ts';
import { capiProvisioner } from '../provisioners/capi/capi.ts';
import { eksProvisioner } from '../provisioners/eks/eks.ts';
import { existingProvisioner } from '../provisioners/existing/existing.ts';
import { localProvisioner } from '../provisioners/local/local.ts';
import type { ProvisionerRegistry } from '../provisioners/provisioner.ts';

export function createRegistry(): ProvisionerRegistry {
  return new Map(
    [localProvisioner, capiProvisioner, existingProvisioner, eksProvisioner].map((provisioner) => [provisioner.name, provisioner]),
  );
}

export function createNetworkRegistry(): NetworkRegistry {
  return new Map([awsNetworkProvider].map((provider) => [provider.name, provider]));
}
