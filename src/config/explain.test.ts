import { describe, expect, it } from 'vitest';
import { explainField, explanationLines } from './explain.ts';
import { type Field, fieldTree } from './field-tree.ts';

describe('explainField', () => {
  it.each([
    ['Cluster', 'Cluster'],
    ['cluster.spec', 'Cluster.spec'],
    ['spec.gitops', 'Cluster.spec.gitops'],
    ['spec.defaults', 'Project.spec.defaults'],
    ['Cluster.spec.gitops.repositories.fleet.git.url', 'Cluster.spec.gitops.repositories.*.git.url'],
    [
      'Cluster.spec.gitops.repositories.fleet.kustomizations.apps.patches[0].target',
      'Cluster.spec.gitops.repositories.*.kustomizations.*.patches[].target',
    ],
    [
      'Cluster.spec.gitops.repositories.*.kustomizations.*.patches.target.kind',
      'Cluster.spec.gitops.repositories.*.kustomizations.*.patches[].target.kind',
    ],
    ['Cluster.spec.gitops.repositories.git.url', 'Cluster.spec.gitops.repositories.*.git.url'],
    ['spec.gitops.repositories.kustomizations.path', 'Cluster.spec.gitops.repositories.*.kustomizations.*.path'],
    ['Cluster.spec.gitops.repositories.git.git.url', 'Cluster.spec.gitops.repositories.*.git.url'],
  ])('%s is %s', (text, path) => {
    expect(explainField(text).path).toBe(path);
  });

  it('tells type, default, allowed words and the variant', () => {
    expect(explainField('Cluster.spec.local.nodes')).toMatchObject({
      type: 'text',
      default: 'none',
      allowed: ['none', 'simulated'],
      required: false,
      children: [],
    });
    expect(explainField('Cluster.spec.provisioner')).toMatchObject({ allowed: ['local', 'existing', 'capi', 'eks'], required: true });
    expect(explainField('Cluster.spec.existing')).toMatchObject({ only: 'provisioner: existing', required: true });
    expect(explainField('Cluster.spec.capi.infrastructure')).toMatchObject({
      required: true,
      allowed: expect.arrayContaining(['dev', 'aws']),
    });
    expect(explainField('Cluster.spec.capi')).toMatchObject({ only: 'provisioner: capi' });
    expect(explainField('Cluster.spec.bootstrapCluster.existing.kubeconfig')).toMatchObject({ secret: true });
    expect(explainField('Cluster.spec.gitops.repositories.a')).toMatchObject({ rule: 'exactly one of git, oci' });
    expect(explainField('Cluster.spec.gitops.repositories.a.git.auth.token')).toMatchObject({ type: 'secret reference', secret: true });
    expect(explainField('Project.spec.defaults.parallel')).toMatchObject({ type: 'whole number', range: '1–256' });
  });

  it.each([
    ['Cluster.spec.gitop', 'did you mean Cluster.spec.gitops?'],
    ['Cluster.metadata.nme', 'did you mean Cluster.metadata.name?'],
    ['Cluster.kind.x', 'Cluster.kind has no fields below it'],
    ['', 'start from the kind: `slipway explain Cluster`'],
  ])('refuses "%s"', (text, fix) => {
    expect(() => explainField(text)).toThrow(expect.objectContaining({ code: 'SLW-CFG-043', fix }));
  });

  it('finds every field by the path it gives', () => {
    const visit = (field: Field): void => {
      expect(explainField(field.path).path).toBe(field.path);
      field.children.forEach(visit);
    };
    visit(fieldTree('Project'));
    visit(fieldTree('Cluster'));
  });

  it('prints for a person', () => {
    expect(explanationLines(explainField('Project.spec.defaults'))).toEqual([
      'Project.spec.defaults',
      '',
      'Defaults of the verbs for this project.',
      '',
      '  type       mapping',
      '',
      'fields',
      '  timeout   Bound of each wait of a run, when --timeout does not say otherwise.',
      '  parallel  How many steps run at the same time, when --parallel does not say otherwise.',
    ]);
  });
});
