import { describe, expect, it } from 'vitest';
import { builtInKinds } from './built-in-kinds.ts';
import { inPhases, phaseOf } from './phases.ts';

const kind = (apiVersion: string, name: string): { apiVersion: string; kind: string } => ({ apiVersion, kind: name });

describe('inPhases', () => {
  it('puts what others need first and keeps the given order within a phase', () => {
    const given = [
      kind('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration'),
      kind('kustomize.toolkit.fluxcd.io/v1', 'Kustomization'),
      kind('apps/v1', 'Deployment'),
      kind('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding'),
      kind('v1', 'Secret'),
      kind('v1', 'ConfigMap'),
      kind('v1', 'Namespace'),
      kind('apiextensions.k8s.io/v1', 'CustomResourceDefinition'),
    ];
    expect(inPhases(given).map((phase) => phase.map((item) => item.kind))).toEqual([
      ['Namespace', 'CustomResourceDefinition'],
      ['Secret', 'ConfigMap'],
      ['ClusterRoleBinding'],
      ['Deployment'],
      ['Kustomization'],
      ['ValidatingWebhookConfiguration'],
    ]);
  });

  it('treats a custom kind with the name of a built-in one as custom', () => {
    expect(phaseOf(kind('example.dev/v1', 'Namespace'))).toBe(phaseOf(kind('example.dev/v1', 'Anything')));
  });

  it('knows a phase for every built-in kind, none of them that of custom kinds', () => {
    const custom = phaseOf(kind('example.dev/v1', 'X'));
    expect(builtInKinds.filter((item) => phaseOf(item) === custom)).toEqual([]);
  });
});
