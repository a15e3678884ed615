/** The kinds of a project, by name. A new kind is a file beside this one and a line here. */
import type * as z from 'zod';
import { clusterDocument } from './cluster.ts';
import { networkDocument } from './network.ts';
import { projectDocument } from './project.ts';

export const kinds = { Project: projectDocument, Network: networkDocument, Cluster: clusterDocument } as const satisfies Readonly<
  Record<string, z.ZodType>
>;

export type Kind = keyof typeof kinds;
export type ParsedDocument = { readonly [K in Kind]: z.output<(typeof kinds)[K]> }[Kind];

/** Designed, not built yet. */
export const RESERVED_KINDS = ['Environment'] as const;

/** What `{output: KIND/NAME.field}` may name, and what sort of value that is. A list reads as text with commas. */
export const outputs: Readonly<Record<string, Readonly<Record<string, 'text' | 'list' | 'secret'>>>> = {
  Network: {
    name: 'text',
    region: 'text',
    vpcId: 'text',
    cidr: 'text',
    availabilityZones: 'list',
    publicSubnetIds: 'list',
    publicSubnetCidrs: 'list',
    privateSubnetIds: 'list',
    privateSubnetCidrs: 'list',
    vpnAddresses: 'list',
    vpnClientsCidr: 'text',
    vpnOperatorName: 'text',
    vpnBucket: 'text',
  },
  Cluster: { name: 'text', server: 'text', kubeconfig: 'secret' },
};

export function isKind(text: unknown): text is Kind {
  return typeof text === 'string' && Object.hasOwn(kinds, text);
}
