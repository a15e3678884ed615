import type { NetworkContext } from '../networks/network.ts';
import type { ProvisionerContext } from '../provisioners/provisioner.ts';

/** What provisioners and network providers may know of the project. */
export type WorkContext = ProvisionerContext & NetworkContext;
