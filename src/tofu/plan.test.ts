import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../core/digest.ts';
import { outlineOf, planChange } from './change.ts';
import { countTypes, creationPlan, emptyPlan, masked, readPlan } from './plan.ts';

const resource = (address: string, change: object, more: object = {}): object => ({
  address,
  mode: 'managed',
  type: address.replace(/^module\.\w+\./, '').split('.')[0],
  change,
  ...more,
});
const create = {
  actions: ['create'],
  before: null,
  after: { name: 'x' },
  after_unknown: { id: true },
  before_sensitive: false,
  after_sensitive: {},
};

describe('a plan', () => {
  it('tells which attribute forces a replacement and which differ, sensitive ones by name alone', () => {
    const plan = readPlan({
      resource_changes: [
        resource('aws_subnet.a["x/1"]', {
          actions: ['delete', 'create'],
          before: { cidr_block: '10.0.0.0/24', tags: {}, password: 'one' },
          after: { cidr_block: '10.0.1.0/24', tags: {}, password: 'two' },
          after_unknown: { id: true, tags: {} },
          before_sensitive: { password: true },
          after_sensitive: { password: true },
          replace_paths: [['cidr_block'], ['list', 0, 'x']],
        }),
      ],
    });
    const [found] = plan.resources;
    expect(found).toMatchObject({
      action: 'replace',
      replacePaths: ['cidr_block', 'list[0].x'],
      changed: ['cidr_block', 'id', 'password'],
    });
    expect(JSON.stringify(plan)).not.toMatch(/"one"|"two"/);
    expect(planChange(outlineOf(plan), { destroys: 'Network/main' })).toEqual({
      kind: 'replace',
      summary: 'replace 1 resource',
      details: [{ object: 'aws_subnet/a["x/1"]', kind: 'replace', reason: 'cidr_block, list[0].x cannot be changed in place' }],
      destroys: ['Network/main'],
    });
  });

  it('in which only what is not precious goes is an update that names it', () => {
    const plan = readPlan({
      resource_changes: [
        resource('aws_route.a', { actions: ['delete'], before: {}, after: null }, { action_reason: 'delete_because_each_key' }),
      ],
    });
    expect(planChange(outlineOf(plan), { destroys: 'Network/main', precious: ['aws_vpc'] })).toMatchObject({
      kind: 'update',
      details: [{ object: 'aws_route/a', kind: 'delete', reason: 'its key is no longer wanted' }],
    });
  });

  it('makes anew what was left half made, and clears away what a replacement left, without asking for the name', () => {
    const change = { actions: ['delete', 'create'], before: {}, after: {} };
    const plan = readPlan({
      resource_changes: [
        resource('aws_vpc.a', change, { action_reason: 'replace_because_tainted' }),
        resource('aws_vpc.b', { actions: ['delete'], before: {}, after: null }, { deposed: 'abc' }),
      ],
    });
    expect(planChange(outlineOf(plan), { destroys: 'Network/main' })).toEqual({
      kind: 'update',
      summary: 'replace 1, destroy 1 resources',
      details: [
        { object: 'aws_vpc/a', kind: 'update', reason: 'was left half made, and is made anew' },
        { object: 'aws_vpc/b (deposed abc)', kind: 'update', reason: 'left over from a replacement' },
      ],
    });
  });

  it('counts by type, names what is in a module by its place, and says what others have changed', () => {
    const plan = readPlan({
      resource_changes: [resource('aws_subnet.a', create), resource('module.net.aws_subnet.b', create)],
      resource_drift: [{ address: 'aws_vpc.this' }],
    });
    expect(countTypes(plan.resources)).toEqual({ aws_subnet: 2 });
    const change = planChange(outlineOf(plan), {});
    expect(change).toMatchObject({ kind: 'create', summary: 'create 2 resources; changed by others: aws_vpc.this' });
    expect(change.details?.map(({ object }) => object)).toEqual(['aws_subnet/a', 'aws_subnet/module.net.b']);
  });

  it('with nothing but data to read, or nothing, is empty; outputs alone are an update', () => {
    const data = { resource_changes: [resource('data.aws_ami.a', { actions: ['read'] }), resource('aws_vpc.a', { actions: ['no-op'] })] };
    expect(readPlan(data)).toEqual(emptyPlan);
    expect(planChange(outlineOf(emptyPlan), {})).toMatchObject({ kind: 'none' });
    const outputs = readPlan({ output_changes: { id: { actions: ['create'] }, same: { actions: ['no-op'] } } });
    expect(planChange(outlineOf(outputs), {})).toEqual({ kind: 'update', summary: 'change the outputs id', details: [] });
  });

  it('that only creates has one digest in any order, and another on another basis', () => {
    const [a, b] = [
      { address: 'aws_subnet.a', resourceType: 'aws_subnet' },
      { address: 'aws_vpc.b', resourceType: 'aws_vpc' },
    ];
    const made = creationPlan([a, b], { drift: [], basis: '1' });
    expect(planChange(outlineOf(made), {})).toMatchObject({ kind: 'create', summary: 'create 2 resources' });
    expect(creationPlan([b, a], { drift: [], basis: '1' })).toEqual(made);
    expect(creationPlan([a, b], { drift: [], basis: '2' }).digest).not.toBe(made.digest);
  });

  it('has another digest when a value differs, and the same when only the order of fields does', () => {
    const digest = (after: object): string => readPlan({ resource_changes: [resource('aws_vpc.a', { ...create, after })] }).digest;
    expect(digest({ a: 1, b: 2 })).toBe(digest({ b: 2, a: 1 }));
    expect(digest({ a: 1 })).not.toBe(digest({ a: 2 }));
  });
});

describe('masking', () => {
  it('leaves no text below a masked place, whatever the shape', () => {
    const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Json>;
    fc.assert(
      fc.property(json, json, (open, secret) => {
        const value = { open, secret, list: [open, { deep: secret }] };
        const mask = { secret: true, list: [false, { deep: true }] };
        const hidden = secret === null ? null : '(sensitive)';
        expect(masked(value, mask)).toEqual({ open, secret: hidden, list: [open, { deep: hidden }] });
      }),
    );
  });
});
