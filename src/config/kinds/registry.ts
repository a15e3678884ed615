/** The kinds of a project, by name. A new kind is a file beside this one and a line here. */
import type * as z from 'zod';
import { clusterDocument } from './cluster.ts';
import { projectDocument } from './project.ts';

export const kinds = { Project: projectDocument, Cluster: clusterDocument } as const satisfies Readonly<Record<string, z.ZodType>>;

export type Kind = keyof typeof kinds;

/** Designed, not built yet. */
export const RESERVED_KINDS = ['Network', 'Environment'] as const;

/** What `{output: KIND/NAME.field}` may name, and whether it is a secret. */
export const outputs: Readonly<Record<string, Readonly<Record<string, 'text' | 'secret'>>>> = {
  Cluster: { name: 'text', server: 'text', kubeconfig: 'secret' },
};

export function isKind(text: unknown): text is Kind {
  return typeof text === 'string' && Object.hasOwn(kinds, text);
}
