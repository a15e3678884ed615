/**
 * Kills at random instants. A round goes up with kills, compares with an uninterrupted run, goes down with kills, and looks for leftovers.
 * Seeded: the same seed draws the same instants and victims.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expectSameWorld, settledWorld } from './project-world.ts';
import { runSlipway, type Sandbox, startSlipway } from './slipway.ts';
import { listeningPorts, processesMentioning, type World } from './world.ts';

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
  kills.push(...(await killChildren(plan, random)));
  await slipway(plan, upArguments);
  await expectSameWorld(plan.sandbox, plan.clusters, reference.up);
  for (let k = Math.floor(random() * 3) + 1; k > 0; k--) kills.push(await killAt(plan, 'down', Math.floor(random() * reference.downMs)));
  await slipway(plan, downArguments(plan));
  expectNothingLeft(plan);
  return { kills };
}

const upArguments: readonly string[] = ['up', '--yes'];
const downArguments = (plan: StormPlan): readonly string[] => ['down', '--confirm', plan.project];

async function slipway(plan: StormPlan, args: readonly string[]): Promise<{ readonly ms: number }> {
  const result = await runSlipway(args, { cwd: join(plan.sandbox.dir, 'project'), env: plan.sandbox.env });
  if (result.code !== 0) throw new Error(`slipway ${args.join(' ')} exited with ${result.code}:\n${result.stderr}\n${result.stdout}`);
  return result;
}

async function killAt(plan: StormPlan, verb: 'up' | 'down', ms: number): Promise<Kill> {
  const args = verb === 'up' ? upArguments : downArguments(plan);
  const run = startSlipway([...args, '--output', 'json'], { cwd: join(plan.sandbox.dir, 'project'), env: plan.sandbox.env });
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
async function killChildren(plan: StormPlan, random: () => number): Promise<readonly Kill[]> {
  const all = processesMentioning(plan.sandbox.dir).filter(({ argv }) => !argv.includes('vitest'));
  const victims = random() < 0.25 ? all : all.slice(Math.floor(random() * all.length)).slice(0, 1);
  for (const { pid } of victims) process.kill(pid, 'SIGKILL');
  await Promise.resolve();
  return victims.map(({ argv }) => ({ verb: 'children', at: argv[0]?.split('/').at(-1) ?? '?', phase: victims.length === 1 ? 'one' : 'all at once', landed: true }));
}

/** After `down`: no process, no port, no file but the journal. */
export function expectNothingLeft(plan: StormPlan): void {
  const processes = processesMentioning(plan.sandbox.dir);
  if (processes.length > 0) {
    const text = processes.map(({ pid, argv }) => `${pid} ${argv.slice(0, 3).join(' ')} ports ${listeningPorts(pid).join(',')}`).join('\n');
    throw new Error(`processes left after down:\n${text}`);
  }
  const clusters = join(plan.sandbox.dir, 'project', '.slipway', plan.project, 'clusters');
  if (existsSync(clusters) && readdirSync(clusters).length > 0) throw new Error(`left after down: ${clusters}`);
  const registry = join(plan.sandbox.dir, 'xdg-state', 'slipway', 'processes');
  if (existsSync(registry) && existsSync(join(registry, '..'))) {
    const left = readdirSync(registry);
    if (left.length > 0) throw new Error(`process records left after down: ${left.join(', ')}`);
  }
}
