import { describe, expect, it } from 'vitest';
import { commitOf, ignoresEdits, inventoryOf, progressOf } from './units.ts';
import { createWorld } from './world.ts';

const HEAD = 'a'.repeat(40);
const metadata = { name: 'x', namespace: 'flux-system' };

describe('words of Flux', () => {
  it('reads inventories, names with colons included', () => {
    const ids = ['default_web_apps_Deployment', '_system__auth-reader_rbac.authorization.k8s.io_ClusterRole', 'ns_x__Secret', 'nonsense'];
    const status = { inventory: { entries: ids.map((id) => ({ id, v: 'v1' })) } };
    expect(inventoryOf({ apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', metadata, status })).toEqual([
      { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name: 'web' },
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: 'system:auth-reader' },
      { apiVersion: 'v1', kind: 'Secret', namespace: 'ns', name: 'x' },
    ]);
  });

  it('reads the commit out of every form of revision', () => {
    const forms = [`main@sha1:${HEAD}`, `sha1:${HEAD}`, HEAD, `latest@sha256:${HEAD}`];
    expect(forms.map(commitOf)).toEqual([HEAD, HEAD, HEAD, HEAD]);
  });

  it('knows charts from Git that would not follow an edit', () => {
    const release = (kind: string, more: object = {}) => ({
      apiVersion: 'helm.toolkit.fluxcd.io/v2',
      kind: 'HelmRelease',
      metadata,
      spec: { chart: { spec: { sourceRef: { kind }, ...more } } },
    });
    expect(ignoresEdits(release('GitRepository'))).toBe(true);
    expect(ignoresEdits(release('GitRepository', { reconcileStrategy: 'Revision' }))).toBe(false);
    expect(ignoresEdits(release('HelmRepository'))).toBe(false);
  });
});

describe('a Kustomization whose path is gone', () => {
  const OLD = 'b'.repeat(40);
  const source = {
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: { ...metadata, name: 'fleet' },
    status: { artifact: { revision: `main@sha1:${HEAD}` } },
  };
  /** kustomize-controller notes an attempt only after it has found the path: the one noted is older. */
  const pathMissing = (fetched: string) => ({
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata,
    spec: { sourceRef: { kind: 'GitRepository', name: 'fleet' } },
    status: {
      lastAttemptedRevision: `main@sha1:${OLD}`,
      conditions: [
        { type: 'Ready', status: 'False', reason: 'ArtifactFailed', message: 'kustomization path not found: stat x' },
        {
          type: 'Reconciling',
          status: 'True',
          reason: 'ProgressingWithRetry',
          message: `Fetching manifests for revision main@sha1:${fetched} with a timeout of 1m0s`,
        },
      ],
    },
  });

  it.each([
    ['the head', HEAD, true],
    ['an older revision', OLD, false],
  ])('failed at %s', (_what, fetched, hasTriedHead) => {
    const object = pathMissing(fetched);
    const unit = { ref: { apiVersion: object.apiVersion, kind: object.kind, ...metadata }, object, isDeclared: false };
    expect(progressOf(createWorld([source, object]), unit, new Map())).toMatchObject({ state: 'failed', hasTriedHead });
  });
});
