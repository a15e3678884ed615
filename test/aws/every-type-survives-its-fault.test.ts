/**
 * The fault matrix: each type of both modules meets each fault at its creation and at its deletion. After runs again the world is what
 * it is without faults, after destroy it is empty, and what others own is untouched. With bare tofu: what a lost answer leaves behind
 * is found by Slipway, not by tofu.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AwsBed, createAwsBed, type FaultEffect, type PlacedFault } from '../support/aws-bed.ts';
import { THOROUGH } from '../support/thorough.ts';
import { actionLines, type AwsWorld, inventory, openAwsWorld } from '../support/aws-world.ts';

/** More runs than there are types are more than can be needed. */
const MOST_RUNS = 80;

const FAULT_WORDS =
  /placed|unknown error|Plugin did not respond|plugin process|connection is shut down|unavailable|EOF|ThrottlingException/i;

describe('every resource type', () => {
  let bed: AwsBed;
  let world: AwsWorld;
  let types: readonly string[];
  let whole: Readonly<Record<string, number>>;
  let empty: readonly string[];

  beforeAll(async () => {
    bed = await createAwsBed();
    const vpc = bed.plant('aws_vpc', { cidr_block: '10.0.0.0/16', tags: { Name: 'world', project: 'world' } });
    bed.plant('aws_ebs_volume', { availability_zone: 'eu-west-1a', size: 1, tags: { 'kubernetes.io/cluster/world-2': 'owned' } });
    bed.plant('aws_security_group', { vpc_id: vpc, name: 'world-node' });
    empty = ids();
    world = await openAwsWorld(bed);
    await world.must('apply', '-no-color', '-auto-approve');
    whole = inventory(bed.account());
    types = await world.types();
    await world.must('destroy', '-no-color', '-auto-approve');
  });

  afterAll(async () => {
    world?.close();
    await bed?.close();
  });

  const ids = (): readonly string[] =>
    bed
      .account()
      .map(({ id }) => id)
      .sort();

  const place = (operation: 'create' | 'delete', effect: FaultEffect, few = false): readonly (readonly [string, PlacedFault])[] =>
    // An adopted thing is not deleted by anybody.
    types
      .filter((type, index) => (operation === 'create' || type !== 'aws_default_security_group') && (!few || index % 9 === 4))
      .map((type) => [type, bed.fault({ type, operation, effect })] as const);

  /** Runs until one goes through. Each failed run must have met at least one fault: nothing else may fail. */
  async function insist(...args: readonly string[]): Promise<number> {
    for (let runs = 1; runs <= MOST_RUNS; runs++) {
      const { code, output } = await world.run(...args, '-no-color', '-auto-approve');
      if (code === 0) return runs;
      if (!FAULT_WORDS.test(output)) throw new Error(output);
      await untaint();
    }
    throw new Error(`tofu ${args.join(' ')} did not go through in ${MOST_RUNS} runs`);
  }

  /**
   * What was made and answered by an error is tainted, and tofu would replace it. All that a pool with create_before_destroy stands on
   * is replaced in that order too, where the name is still taken: it would fail for ever. Untainted, the next plan finds what is amiss.
   */
  async function untaint(): Promise<void> {
    const state = JSON.parse(await world.must('state', 'pull')) as {
      serial: number;
      readonly resources: readonly { readonly instances: { status?: string }[] }[];
    };
    const tainted = state.resources.flatMap(({ instances }) => instances).filter(({ status }) => status === 'tainted');
    if (tainted.length === 0) return;
    for (const instance of tainted) delete instance.status;
    state.serial += 1;
    world.write('mended.tfstate', JSON.stringify(state));
    await world.must('state', 'push', 'mended.tfstate');
  }

  const neverHit = (placed: readonly (readonly [string, PlacedFault])[]): readonly string[] =>
    placed.filter(([, fault]) => fault.hits() === 0).map(([type]) => type);

  it('stands for a good part of the graph', () => {
    expect(types.length).toBeGreaterThan(35);
  });

  it.each<readonly [effect: FaultEffect, parallelism: number]>([
    ['error', 10],
    ['partial', 10],
    ['crash-before', 1],
  ])('is made after all when its creation meets: %s', async (effect, parallelism) => {
    // A crash ends the whole run: one type a run.
    const placed = place('create', effect, effect === 'crash-before' && !THOROUGH);
    const runs = await insist('apply', `-parallelism=${parallelism}`);

    expect(neverHit(placed)).toEqual([]);
    expect(runs).toBeGreaterThan(1);
    expect(inventory(bed.account())).toEqual(whole);
    expect(actionLines(await world.plan())).toEqual([]);
    bed.clearFaults();
    await world.must('destroy', '-no-color', '-auto-approve');
    expect(ids()).toEqual(empty);
  });

  it('is made in one run when every creation is throttled three times', async () => {
    const placed = types.map((type) => [type, bed.fault({ type, operation: 'create', effect: 'throttle', times: 3 })] as const);
    await world.must('apply', '-no-color', '-auto-approve');
    expect(placed.filter(([, fault]) => fault.hits() !== 3).map(([type]) => type)).toEqual([]);
    expect(inventory(bed.account())).toEqual(whole);
    bed.clearFaults();
  });

  it.each<readonly [FaultEffect]>([['error'], ['throttle']])('goes after all when its deletion meets: %s', async (effect) => {
    await world.must('apply', '-no-color', '-auto-approve');
    const placed = place('delete', effect);
    await insist('destroy');
    expect(neverHit(placed)).toEqual([]);
    bed.clearFaults();
    expect(ids()).toEqual(empty);
  });

  it('names the action that is not permitted', async () => {
    bed.fault({ type: 'aws_iam_role', operation: 'create', effect: 'denied' });
    const { code, output } = await world.run('apply', '-no-color', '-auto-approve', '-target=module.eks.aws_iam_role.cluster');
    expect(code).toBe(1);
    expect(output).toContain('is not authorized to perform: iam:CreateRole');
    bed.clearFaults();
    await world.must('destroy', '-no-color', '-auto-approve');
    expect(ids()).toEqual(empty);
  });
});
