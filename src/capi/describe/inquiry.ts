/** What the rules about causes are asked with, and what they answer. */
import type { ClusterCause } from './description.ts';
import type { Evidence } from './evidence.ts';
import type { Family } from './family.ts';
import type { ClusterWorld } from './world.ts';

export interface Inquiry {
  readonly world: ClusterWorld;
  readonly evidence: Evidence;
  readonly family: Family;
}

/** `waits`: perhaps only the effect of another cause; `decisive`: nothing below it can tell more. */
export interface Finding extends ClusterCause {
  readonly waits?: true;
  readonly decisive?: true;
}
