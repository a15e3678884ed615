import { describe, expect, it } from 'vitest';
import type { PivotStatus } from '../../capi/pivot/options.ts';
import type { PivotPlan, PlannedObject } from '../../capi/pivot/plan.ts';
import { pivotPlanLines, pivotStatusLines } from './pivot-text.ts';

const paint = (_role: string, text: string): string => text;
const object = (kind: string, name: string, rest: Partial<PlannedObject> = {}): PlannedObject => ({
  ref: { apiVersion: 'v1', kind, namespace: 'fleet', name },
  uid: name,
  verdict: 'moves',
  reason: 'belongs to Cluster/fleet/shop',
  ...rest,
});

const plan: PivotPlan = {
  source: { name: 'bootstrap', uid: 'a' },
  target: { name: 'mgmt', uid: 'b' },
  namespaces: ['fleet'],
  clusters: ['fleet/shop'],
  disposableSource: true,
  objects: [
    object('Cluster', 'shop', { reason: 'is asked for' }),
    object('Secret', 'shop-ca', { droppedOwners: ['ExternalSecret/fleet/ca'] }),
    object('ClusterClass', 'small', { verdict: 'copies', reason: 'Cluster/fleet/other uses it as well' }),
    object('ConfigMap', 'kube-root-ca.crt', { verdict: 'stays', reason: 'belongs to the cluster itself' }),
  ],
  counts: { moves: 2, copies: 1, stays: 1 },
  pauses: [{ apiVersion: 'cluster.x-k8s.io/v1beta2', kind: 'Cluster', namespace: 'fleet', name: 'shop' }],
  suspends: [],
  notes: [{ reason: 'defaulted', object: 'Cluster/fleet/shop', message: 'the target adds spec.x' }],
  refusals: [],
  digest: 'd',
};

describe('the plan of a pivot', () => {
  it('says of every object what becomes of it, and why', () => {
    expect(pivotPlanLines(plan, { paint, verbose: false })).toMatchInlineSnapshot(`
      [
        "pivot bootstrap → mgmt",
        "",
        "2 move to mgmt",
        "  Cluster/fleet/shop    is asked for",
        "  Secret/fleet/shop-ca  belongs to Cluster/fleet/shop; without its owner ExternalSecret/fleet/ca, which is not there",
        "",
        "1 are copied to mgmt, and stay on bootstrap as well",
        "  ClusterClass/fleet/small  Cluster/fleet/other uses it as well",
        "",
        "1 stay on bootstrap",
        "  ConfigMap/fleet/kube-root-ca.crt  belongs to the cluster itself",
        "",
        "paused meanwhile: Cluster/fleet/shop",
        "note: Cluster/fleet/shop: the target adds spec.x",
        "2 move, 1 are copied, 1 stay",
      ]
    `);
  });

  it('counts by kind what is too much to read, and lists it when asked', () => {
    const many = { ...plan, objects: Array.from({ length: 60 }, (_, index) => object(index < 50 ? 'Machine' : 'Secret', `m-${index}`)) };
    const short = pivotPlanLines(many, { paint, verbose: false });
    expect(short.filter((line) => /^ +\d+ /.test(line))).toEqual([
      '      50 Machine  belongs to Cluster/fleet/shop …',
      '      10 Secret  belongs to Cluster/fleet/shop …',
    ]);
    expect(pivotPlanLines(many, { paint, verbose: true }).filter((line) => line.startsWith('  Machine/fleet/m-'))).toHaveLength(50);
  });

  it('says what forbids it', () => {
    const refused = {
      ...plan,
      refusals: [{ reason: 'provider-older' as const, object: 'Provider/core', message: 'v1.13.0 is older than v1.14.0' }],
    };
    expect(pivotPlanLines(refused, { paint, verbose: false })).toContain('  provider-older: Provider/core: v1.13.0 is older than v1.14.0');
  });

  it('never lets a name from a cluster move the cursor', () => {
    const wild = { ...plan, objects: [object('Secret', 'a\u001b[2Jb', { reason: 'x\u0007y' })] };
    expect(pivotPlanLines(wild, { paint, verbose: false }).join('\n')).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });
});

describe('the state of a pivot', () => {
  const status: PivotStatus = {
    stage: 'released',
    phase: 'watch',
    source: plan.source,
    target: plan.target,
    objects: 42,
    paused: plan.pauses,
    suspended: [],
    next: ['rollback', 'retire'],
  };

  it('says who owns what, and what may follow', () => {
    expect(pivotStatusLines(status, paint)).toMatchInlineSnapshot(`
      [
        "bootstrap → mgmt: released, the target owns and works; the source is frozen and kept",
        "last phase: watch, 42 objects",
        "paused by it: Cluster/fleet/shop",
        "next: slipway pivot rollback, or slipway pivot retire",
      ]
    `);
    expect(pivotStatusLines({ stage: 'none', paused: [], suspended: [], next: ['run'] }, paint)).toMatchInlineSnapshot(`
      [
        "none, no pivot is under way between them",
        "next: slipway pivot run",
      ]
    `);
  });
});
