/** Where a project is, and what those who work for it may know of it. */
import type { LoadedProject } from '../config/load.ts';
import type { NetworkContext } from '../networks/network.ts';
import type { ProvisionerContext } from '../provisioners/provisioner.ts';

export interface ProjectPlace {
  readonly name: string;
  readonly dir: string;
  readonly stateDir: string;
  /** Undefined when only the state is known: the file is broken or gone. */
  readonly loaded: LoadedProject | undefined;
}

/** What provisioners and network providers may know of the project. */
export type WorkContext = ProvisionerContext & NetworkContext;
