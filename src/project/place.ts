/** Where a project is. */
import type { LoadedProject } from '../config/load.ts';

export interface ProjectPlace {
  readonly name: string;
  readonly dir: string;
  readonly stateDir: string;
  /** Undefined when only the state is known: the file is broken or gone. */
  readonly loaded: LoadedProject | undefined;
}
