import { afterAll, beforeAll, expect, it } from 'vitest';
import { configMap, existingProject, valueOf } from '../support/existing-cluster.ts';
import { connect } from '../support/project-world.ts';
import { createSandbox, type Sandbox, succeed } from '../support/slipway.ts';
import { processesMentioning } from '../support/world.ts';

let sandbox: Sandbox;
const LOCAL = `apiVersion: slipway.dev/v1alpha1
kind: Cluster
metadata: {name: base}
spec: {provisioner: local, gitops: {repositories: {base: {git: {url: ./fleet}, kustomizations: {platform: {path: ./platform}}}}}}
`;

beforeAll(() => {
  const repositories =
    '{guest: {git: {url: ./fleet}, kustomizations: {apps: {path: ./apps, postBuild: {substitute: {server: {output: Cluster/base.server}}}}}}}';
  sandbox = createSandbox({
    files: {
      'slipway.yaml': `${LOCAL}---\n${existingProject({ name: 'guest', kubeconfig: '{output: Cluster/base.kubeconfig}', repositories })}`,
      'fleet/platform/settings.yaml': configMap('settings'),
      'fleet/apps/web.yaml': configMap('web', '"${server}"'),
    },
  });
});
afterAll(() => sandbox?.remove());

it('is planned, made and used in one run, in this order, and taken down against it', async () => {
  const plan = await sandbox.run(['plan', '--detailed-exitcode']);
  expect([plan.code, plan.stderr]).toEqual([2, '']);
  expect(plan.stdout).toContain('deferred reach the existing cluster guest: use the cluster that Cluster/base gives');
  const up = await succeed(sandbox, ['up', '--yes']);
  expect(up.stdout).toMatch(/base: applied revision[^]*guest: applied revision|guest: applied revision[^]*base: applied revision/);
  const client = await connect(sandbox, 'guest');
  expect([await valueOf(client, 'settings'), await valueOf(client, 'web')]).toEqual(['one', client.server]);
  await client.close();
  expect((await sandbox.run(['plan', '--detailed-exitcode'])).code).toBe(0);
  const down = await succeed(sandbox, ['down', '--confirm', 'base', '--confirm', 'guest']);
  expect(down.stderr.indexOf('gitops/apply-sources/guest undone')).toBeGreaterThan(0);
  expect(down.stderr.indexOf('gitops/apply-sources/guest undone')).toBeLessThan(down.stderr.indexOf('local/run-apiserver/base undone'));
  expect(processesMentioning(sandbox.dir)).toEqual([]);
});
