import { afterEach, expect, it } from 'vitest';
import { createNodeHost } from '../../src/host/node.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { createSandbox, type Sandbox } from '../support/slipway.ts';

const project = (nodes: 'none' | 'simulated'): string => `apiVersion: slipway.dev/v1alpha1
kind: Cluster
metadata: {name: demo}
spec:
  provisioner: local
  local: {nodes: ${nodes}}
  gitops:
    repositories:
      fleet:
        git: {url: ./fleet}
        kustomizations:
          app: {path: ./app, wait: true, timeout: 1m}
`;

const WEB = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "nginx:1"}]
---
apiVersion: batch/v1
kind: Job
metadata: {name: once, namespace: default}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: once, image: "busybox:1"}]
`;

let sandbox: Sandbox;
afterEach(() => sandbox.remove());

async function podsInDefault(): Promise<readonly KubeObject[]> {
  const { stdout } = await sandbox.run(['kubeconfig']);
  const client = await createKubeClient(createNodeHost(), { kubeconfig: stdout });
  try {
    return (await client.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace: 'default' })).items;
  } finally {
    await client.close();
  }
}

it('runs units that need a kubelet on a simulated node, every pod marked', async () => {
  sandbox = createSandbox({ files: { 'slipway.yaml': project('simulated'), 'fleet/app/web.yaml': WEB } });
  const up = await sandbox.run(['up', '--yes']);
  expect(up, up.stderr).toMatchObject({ code: 0 });
  expect(up.stdout).toContain('applied revision');
  const pods = await podsInDefault();
  expect(pods).toHaveLength(3);
  for (const { metadata, spec } of pods) {
    expect(metadata.annotations).toMatchObject({ 'slipway.dev/simulated': 'true' });
    expect(spec).toMatchObject({ nodeName: 'slipway-simulated' });
  }
  expect((await sandbox.run(['plan', '--detailed-exitcode'])).code).toBe(0);
  expect((await sandbox.run(['down', '--confirm', 'demo'])).code).toBe(0);
});

it('says at once, and not at the bound, that a pod cannot run here without nodes', async () => {
  sandbox = createSandbox({ files: { 'slipway.yaml': project('none'), 'fleet/app/web.yaml': WEB } });
  const up = await sandbox.run(['up', '--yes', '--timeout', '10m']);
  expect(up.code).toBe(1);
  expect(up.stderr).toContain('nginx:1');
  expect(up.stderr).toMatch(/error SLW-FLX-\d+: Pod\/default\/(web|once)-/);
  for (const pod of await podsInDefault()) expect(pod['spec']).not.toHaveProperty('nodeName');
});
