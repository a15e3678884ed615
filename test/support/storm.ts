/**
 * Kills at random instants. A round goes up with kills, compares with an uninterrupted run, goes down with kills, and looks for leftovers.
 * Seeded: the same seed draws the same instants and victims.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expectSameWorld, settledWorld } from './project-world.ts';
import { killPid, type Sandbox } from './slipway.ts';
import { files, listeningPorts, processesMentioning, type World } from './world.ts';

export interface StormPlan {
  readonly sandbox: Sandbox;
  readonly project: string;
  readonly clusters: readonly string[];
  readonly seed: number;
}

export interface Kill {
  readonly verb: 'up' | 'down' | 'children';
  /** ms after the start of the command, or the name of the killed child. */
  readonly at: number | string;
  /** Last event the command had shown. */
  readonly phase: string;
  /** False when the command had ended by itself before the kill: does not count. */
  readonly landed: boolean;
}

export interface Round {
  readonly kills: readonly Kill[];
}

export interface Reference {
  readonly up: World;
  readonly upMs: number;
  readonly downMs: number;
}

/** mulberry32: small, seeded, good enough to draw instants. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export async function takeReference(plan: StormPlan): Promise<Reference> {
  const up = await slipway(plan, upArguments);
  const world = await settledWorld(plan.sandbox, plan.clusters);
  const down = await slipway(plan, downArguments(plan));
  expectNothingLeft(plan);
  return { up: world, upMs: up.ms, downMs: down.ms };
}

export async function stormRound(plan: StormPlan, reference: Reference, random: () => number): Promise<Round> {
  const kills: Kill[] = [];
  for (let k = Math.floor(random() * 4) + 1; k > 0; k--) kills.push(await killAt(plan, 'up', Math.floor(random() * reference.upMs)));
  await slipway(plan, upArguments);
  await expectSameWorld(plan.sandbox, plan.clusters, reference.up);
  kills.push(...killChildren(plan, random));
  await slipway(plan, upArguments);
  await expectSameWorld(plan.sandbox, plan.clusters, reference.up);
  for (let k = Math.floor(random() * 3) + 1; k > 0; k--) kills.push(await killAt(plan, 'down', Math.floor(random() * reference.downMs)));
  await slipway(plan, downArguments(plan));
  expectNothingLeft(plan);
  return { kills };
}

/** A run that never got up: killed somewhere, then taken down with kills. Quick, so that many instants of both are hit. */
export async function halfRound(plan: StormPlan, reference: Reference, random: () => number): Promise<Round> {
  const kills: Kill[] = [];
  for (let k = Math.floor(random() * 3) + 2; k > 0; k--) kills.push(await killAt(plan, 'up', Math.floor(random() * reference.upMs * 0.8)));
  for (let k = Math.floor(random() * 3) + 2; k > 0; k--)
    kills.push(await killAt(plan, 'down', Math.floor(random() * reference.downMs * 0.6)));
  await slipway(plan, downArguments(plan));
  expectNothingLeft(plan);
  return { kills };
}

const upArguments: readonly string[] = ['up', '--yes'];
const downArguments = (plan: StormPlan): readonly string[] => ['down', '--confirm', plan.project];

async function slipway(plan: StormPlan, args: readonly string[]): Promise<{ readonly ms: number }> {
  const result = await plan.sandbox.run(args);
  if (result.code !== 0) throw new Error(`slipway ${args.join(' ')} exited with ${result.code}:\n${result.stderr}\n${result.stdout}`);
  return result;
}

async function killAt(plan: StormPlan, verb: 'up' | 'down', ms: number): Promise<Kill> {
  const args = verb === 'up' ? upArguments : downArguments(plan);
  const run = plan.sandbox.start([...args, '--output', 'json']);
  const timer = setTimeout(() => run.child.kill('SIGKILL'), ms);
  const result = await run.result;
  clearTimeout(timer);
  return { verb, at: ms, phase: lastPhase(result.stdout), landed: result.signal === 'SIGKILL' };
}

function lastPhase(stdout: string): string {
  const line = stdout.split('\n').findLast((each) => each.startsWith('{') && each.endsWith('}'));
  if (line === undefined) return 'before the first event';
  const event = JSON.parse(line) as { readonly type?: string; readonly step?: string };
  return [event.type, event.step].filter(Boolean).join(' ');
}

/** One victim, or everything at once. */
function killChildren(plan: StormPlan, random: () => number): readonly Kill[] {
  const all = processesMentioning(plan.sandbox.dir);
  const victims = random() < 0.25 ? all : all.slice(Math.floor(random() * all.length)).slice(0, 1);
  for (const { pid } of victims) killPid(pid);
  return victims.map(({ argv }) => ({
    verb: 'children',
    at: argv[0]?.split('/').at(-1) ?? '?',
    phase: victims.length === 1 ? 'one' : 'all at once',
    landed: true,
  }));
}

/** After `down`: no process, no port, no file but the journal. */
export function expectNothingLeft(plan: Pick<StormPlan, 'sandbox' | 'project'>): void {
  const processes = processesMentioning(plan.sandbox.dir);
  if (processes.length > 0) {
    const text = processes.map(({ pid, argv }) => `${pid} ${argv.slice(0, 3).join(' ')} ports ${listeningPorts(pid).join(',')}`).join('\n');
    throw new Error(`processes left after down:\n${text}`);
  }
  const state = join(plan.sandbox.project, '.slipway');
  const left = [
    ...leftIn(state, KEPT_STATE(plan.project)),
    ...leftIn(join(plan.sandbox.dir, 'xdg-state'), KEPT_REGISTER),
    ...leftIn(join(plan.sandbox.dir, 'tmp'), /^$/),
  ];
  if (left.length > 0) throw new Error(`files left after down:\n${left.join('\n')}`);
}

/** Journal, lock, the rule that hides them from Git, and empty folders. */
const KEPT_STATE = (project: string): RegExp => new RegExp(`^(\\.gitignore|${project}/(journal\\.db|lock\\.db)(-wal|-shm|-journal)?|.*/)$`);
const KEPT_REGISTER = /\/$/;

function leftIn(folder: string, kept: RegExp): readonly string[] {
  if (!existsSync(folder)) return [];
  const found = files(folder, { skip: () => false, content: () => false });
  return Object.keys(found)
    .filter((name) => !kept.test(name))
    .map((name) => join(folder, name));
}
