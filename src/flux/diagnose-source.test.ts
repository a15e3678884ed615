import { expect, it } from 'vitest';
import type { KubeObject } from '../kube/types.ts';
import { diagnose } from './diagnose.ts';
import { createWorld } from './world.ts';

const FLEET = { apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository', namespace: 'flux-system', name: 'fleet' };

function areaOf(message: string): string | undefined {
  const source: KubeObject = {
    apiVersion: FLEET.apiVersion,
    kind: FLEET.kind,
    metadata: { name: FLEET.name, namespace: FLEET.namespace, generation: 1 },
    status: { observedGeneration: 1, conditions: [{ type: 'Ready', status: 'False', reason: 'GitOperationFailed', message }] },
  };
  return diagnose(createWorld([source]), { declared: [], sources: [FLEET], heads: new Map() })[0]?.area;
}

it.each([
  'failed to checkout: unexpected client error: unexpected requesting "http://127.0.0.1:40123/fleet.git" status code: 401',
  'unexpected status code 403: Forbidden',
  'authentication required',
])('a refusal: %s', (message) => expect(areaOf(message)).toBe('auth'));

it.each([
  `unable to clone 'http://127.0.0.1:40123/fleet.git': couldn't find remote ref "refs/heads/gone"`,
  `unable to clone 'http://127.0.0.1:34010/fleet.git': couldn't find remote ref "refs/heads/401"`,
  'reference not found at 4f40399c',
])('no refusal, whatever digits a port, a branch or a commit has: %s', (message) => expect(areaOf(message)).toBe('source'));
