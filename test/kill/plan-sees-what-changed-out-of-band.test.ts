import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeClient } from '../../src/kube/types.ts';
import { connect } from '../support/project-world.ts';
import { createSandbox, type Sandbox, succeed } from '../support/slipway.ts';

let sandbox: Sandbox;
let client: KubeClient;

beforeAll(async () => {
  sandbox = createSandbox({ example: 'quickstart' });
  expect((await plan()).code).toBe(2);
  await succeed(sandbox, ['up', '--yes']);
  expect((await plan()).code).toBe(0);
  client = await connect(sandbox, 'demo');
});
afterAll(async () => {
  await client?.close();
  await sandbox.remove();
});

const plan = (): ReturnType<Sandbox['run']> => sandbox.run(['plan', '--detailed-exitcode']);
const clusterFile = (path: string): string => join(sandbox.project, '.slipway', 'demo', 'clusters', 'demo', path);
const unit = { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', namespace: 'flux-system' };
const controller = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'flux-system', name: 'helm-controller' };

const MISHAPS: readonly (readonly [string, RegExp, () => Promise<unknown> | void])[] = [
  ['a Kustomization that Slipway applied is deleted', /Kustomization\/flux-system\/apps/, () => client.delete({ ...unit, name: 'apps' })],
  [
    'the GitRepository is deleted',
    /GitRepository\/flux-system\/fleet/,
    () => client.delete({ apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository', namespace: 'flux-system', name: 'fleet' }),
  ],
  [
    'a field of a Kustomization is edited',
    /Kustomization\/flux-system\/platform/,
    () => client.mergePatch({ ...unit, name: 'platform' }, { spec: { path: './elsewhere' } }),
  ],
  ['a controller of Flux is deleted', /Deployment\/flux-system\/helm-controller/, () => client.delete(controller)],
  [
    'an argument of a controller is edited',
    /Deployment\/flux-system\/helm-controller/,
    () => client.mergePatch(controller, { spec: { replicas: 0 } }),
  ],
  [
    'a definition of Flux lost a label',
    /CustomResourceDefinition\/gitrepositories/,
    () =>
      client.mergePatch(
        { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name: 'gitrepositories.source.toolkit.fluxcd.io' },
        { metadata: { labels: { 'app.kubernetes.io/part-of': null } } },
      ),
  ],
  ['the kubeconfig is deleted', /kubeconfig/, () => rmSync(clusterFile('kubeconfig'))],
  ['a certificate is deleted', /admin/, () => rmSync(clusterFile('pki/admin.crt'))],
  ['the fleet folder is edited', /fleet/, () => writeFileSync(join(sandbox.project, 'fleet', 'note.txt'), 'not applied by anything\n')],
];

describe('plan --detailed-exitcode', () => {
  it.each(MISHAPS)('is 2 when %s, and 0 again after up', async (_title, named, mishap) => {
    await mishap();
    const seen = await plan();
    expect({ code: seen.code, text: seen.stdout }).toEqual({ code: 2, text: expect.stringMatching(named) });
    await succeed(sandbox, ['up', '--yes']);
    const after = await plan();
    expect({ code: after.code, text: after.code === 0 ? '' : after.stdout }).toEqual({ code: 0, text: '' });
  });
});
