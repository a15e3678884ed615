import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadProject } from './load.ts';
import { createMemoryHost } from './memory-host.ts';
import { renderStarter, type StarterOptions } from './starter.ts';

const WORLD = { '/p/kc': 'kind: Config', '/p/known_hosts': 'git.example.com ssh-ed25519 AAAA', '/p/fleet/a': '', '/p/My Fleet/a': '' };
const load = (text: string) =>
  loadProject(createMemoryHost({ files: { ...WORLD, '/p/slipway.yaml': text }, env: { KUBECONFIG: '/p/kc' } }), '.');
/** Takes off the comment signs of the part that is shown as an example. */
const uncomment = (text: string) =>
  text.replaceAll(/^( +)# (?= *(?:gitops:|repositories:|fleet:|git:|url:|branch:|kustomizations:|apps:|path:|auth:|token:))/gm, '$1');

const repository = fc.constantFrom(
  undefined,
  './fleet',
  'My Fleet',
  'https://git.example.com/a/b.git',
  'http://git.example.com/',
  'ssh://git@git.example.com/a/b.git',
);
const options = fc.record(
  {
    name: fc.constantFrom('demo', 'on', '0755', '1e3', 'null', 'a-b'),
    provisioner: fc.constantFrom('local', 'existing'),
    repository,
    branch: fc.constantFrom('main', 'yes', '1.30', '2026-01-31', "it's # odd"),
    path: fc.constantFrom('./clusters/demo', '.', 'a: b', '~'),
    kubeconfig: fc.constantFrom('kc', './kc'),
  },
  { requiredKeys: ['name', 'provisioner'] },
) as fc.Arbitrary<StarterOptions>;

describe('renderStarter', () => {
  it('is valid whatever is asked for', async () => {
    await fc.assert(
      fc.asyncProperty(options, async (wanted) => {
        const [cluster] = (await load(renderStarter(wanted))).clusters;
        expect(cluster).toMatchObject({ name: wanted.name, provisioner: wanted.provisioner });
        const source = cluster?.gitops?.repositories[0];
        expect(source !== undefined).toBe(wanted.repository !== undefined);
        if (source)
          expect(source).toMatchObject({
            source: { ref: { branch: wanted.branch ?? 'main' } },
            kustomizations: [{ path: wanted.path ?? `./clusters/${wanted.name}` }],
          });
      }),
      { numRuns: 200 },
    );
  });

  it('shows examples in comments that are valid too', async () => {
    const project = await load(uncomment(renderStarter({ name: 'demo', provisioner: 'local' })));
    expect(project.clusters[0]?.gitops?.repositories[0]).toMatchObject({ name: 'fleet', kustomizations: [{ name: 'apps' }] });
  });

  it('reads like this', () => {
    expect(renderStarter({ name: 'demo', provisioner: 'local', repository: './fleet' })).toMatchInlineSnapshot(`
      "# yaml-language-server: $schema=slipway.schema.json
      # A project of Slipway. \`slipway plan\` shows what would be done, \`slipway up\` does it, \`slipway down\` takes it back.
      apiVersion: slipway.dev/v1alpha1
      kind: Cluster
      metadata:
        name: demo
      spec:
        provisioner: local # etcd and kube-apiserver as processes on this machine: no containers, no cloud account
        gitops: # what Flux applies on this cluster
          repositories:
            fleet: # name of the Flux source
              git:
                url: ./fleet # a path, https:// or ssh://
                branch: main
              kustomizations:
                apps: # name of the Flux Kustomization
                  path: ./clusters/demo # folder in the repository
                  # dependsOn: [platform] # what must be ready first
      "
    `);
  });
});
