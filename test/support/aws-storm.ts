/**
 * Kills over Network and EKS on the test bed: of `slipway up` and `slipway down`, of the tofu that works for them, or of both at once, at
 * random instants. The same command goes on; at the end nothing is there twice, and after `down` nothing at all but what others own.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AwsProject, downToNothing, openAwsProject, upUntilMade } from './aws-project-run.ts';
import { inventory } from './aws-world.ts';
import { files, processesMentioning } from './world.ts';
import { killPid, type SlipwayRun } from './slipway.ts';
import { expectNothingLeft } from './storm.ts';

type Victim = 'slipway' | 'tofu' | 'both';

export interface AwsKill {
  readonly verb: 'up' | 'down';
  readonly victim: Victim;
  /** ms after the start of the command, or of the apply that was waited for. */
  readonly at: number;
  /** Last event that the command had shown. */
  readonly phase: string;
  /** What tofu was at: `apply`, `plan`, `init`; absent when none ran. */
  readonly tofu?: string;
  /** False: what was to be killed was not there, or had come to its end. Does not count. */
  readonly landed: boolean;
}

export interface AwsStorm {
  readonly project: AwsProject;
  readonly foreign: readonly string[];
  readonly whole: Readonly<Record<string, number>>;
  readonly upMs: number;
  readonly downMs: number;
}

/** An account with foreign things of like names, and what an uninterrupted run makes of it. */
export async function openAwsStorm(): Promise<AwsStorm> {
  const project = await openAwsProject({ timesDividedBy: 600 });
  const { bed } = project;
  const foreign = [
    bed.plant('aws_vpc', { cidr_block: '10.0.0.0/16', tags: { Name: 'acme-main' } }),
    bed.plant('aws_eip', { domain: 'vpc', tags: { Name: 'acme-main-nat-eu-west-1a' } }),
    bed.plant('aws_ebs_volume', { availability_zone: 'eu-west-1a', size: 1, tags: { 'kubernetes.io/cluster/prod-2': 'owned' } }),
  ].sort();
  const begun = performance.now();
  await upUntilMade(project, 1);
  const made = performance.now();
  const whole = inventory(project.made());
  await downToNothing(project);
  const storm = { project, foreign, whole, upMs: made - begun, downMs: performance.now() - made };
  expectGone(storm);
  return storm;
}

/** Up with kills, compared; down with kills, compared. Some never come up as a whole. */
export async function awsStormRound(
  storm: AwsStorm,
  random: () => number,
  { ups, downs }: { readonly ups: number; readonly downs: number },
): Promise<readonly AwsKill[]> {
  const kills: AwsKill[] = [];
  for (let k = 0; k < ups; k++) kills.push(await killOnce(storm, 'up', random));
  if (downs === 0 || random() < 0.6) {
    await upUntilMade(storm.project, 1);
    expectWhole(storm);
  }
  for (let k = 0; k < downs; k++) kills.push(await killOnce(storm, 'down', random));
  await downToNothing(storm.project);
  expectGone(storm);
  return kills;
}

/** A kill of tofu waits for one that applies, in two of three cases, or for any. */
async function killOnce(storm: AwsStorm, verb: 'up' | 'down', random: () => number): Promise<AwsKill> {
  const victim = victimOf(random());
  const awaited = victim === 'slipway' ? undefined : random() < 0.66 ? 'apply' : 'any';
  // A run that goes on has less to do: instants over the whole length would mostly come too late.
  const whole = 0.4 * (verb === 'up' ? storm.upMs : storm.downMs);
  const at = Math.floor(random() * (awaited === 'apply' ? APPLY_MS : whole));
  const run = storm.project.start([...(verb === 'up' ? ['up', '--yes'] : ['down', '--confirm', 'acme']), '--output', 'json']);
  await untilThere(storm.project, run, { awaited, at });
  const hit = strike(storm.project, run, victim);
  const { stdout } = await run.result;
  return { verb, victim, at, phase: lastPhase(stdout), ...hit };
}

const hasEnded = ({ child }: SlipwayRun): boolean => child.exitCode !== null || child.signalCode !== null;

async function untilThere(
  { sandbox }: AwsProject,
  run: SlipwayRun,
  { awaited, at }: { readonly awaited: 'apply' | 'any' | undefined; readonly at: number },
): Promise<void> {
  const isThere = (): boolean => awaited === undefined || tofuOf(sandbox.dir).some(({ argv }) => awaited === 'any' || argv[1] === awaited);
  if (awaited === 'apply') while (!isThere() && !hasEnded(run)) await sleep(50);
  await sleep(at);
  while (!isThere() && !hasEnded(run)) await sleep(50);
}

function strike({ sandbox }: AwsProject, run: SlipwayRun, victim: Victim): Pick<AwsKill, 'tofu' | 'landed'> {
  const tofu = tofuOf(sandbox.dir);
  if (victim !== 'slipway') for (const { pid } of tofu) killPid(pid);
  const landed = victim === 'tofu' ? tofu.length > 0 : !hasEnded(run) && run.child.kill('SIGKILL');
  const [command] = tofu.map(({ argv }) => argv[1] ?? '');
  return { landed, ...(command !== undefined && { tofu: command }) };
}

const victimOf = (drawn: number): Victim => (drawn < 0.4 ? 'slipway' : drawn < 0.7 ? 'tofu' : 'both');

/** About as long as an apply takes here. */
const APPLY_MS = 3_000;

const tofuOf = (dir: string): ReturnType<typeof processesMentioning> =>
  processesMentioning(dir).filter(({ argv }) => /\/(?:tofu|terraform)$/.test(argv[0] ?? ''));

function lastPhase(stdout: string): string {
  const line = stdout.split('\n').findLast((each) => each.startsWith('{') && each.endsWith('}'));
  if (line === undefined) return 'before the first event';
  const event = JSON.parse(line) as { readonly type?: string; readonly step?: string };
  return [event.type, event.step].filter(Boolean).join(' ');
}

function expectWhole({ project, foreign, whole }: AwsStorm): void {
  requireSame('what was made', inventory(project.made()), whole);
  requireSame('what others own', planted(project), foreign);
  const locks = Object.keys(files(project.sandbox.project, { skip: () => false, content: () => false })).filter((name) =>
    /lock\.info$|owner\.json$/.test(name),
  );
  requireSame('locks that are left', locks, []);
}

function expectGone({ project, foreign }: Pick<AwsStorm, 'project' | 'foreign'>): void {
  requireSame('what is left in the account', inventory(project.made()), {});
  requireSame('what others own', planted(project), foreign);
  dropSockets(project);
  expectNothingLeft({ sandbox: project.sandbox, project: 'acme' });
}

/** A provider that was killed leaves its socket in the system's folder for what is temporary: not ours, and without effect. */
function dropSockets({ sandbox }: AwsProject): void {
  const temporary = join(sandbox.dir, 'tmp');
  for (const name of readdirSync(temporary).filter((each) => /^plugin\d+$/.test(each))) rmSync(join(temporary, name));
}

const planted = ({ bed }: AwsProject): readonly string[] =>
  bed
    .account()
    .flatMap(({ id, origin }) => (origin === 'planted' ? [id] : []))
    .sort();

function requireSame(what: string, is: object, wanted: object): void {
  const text = (value: object): string => JSON.stringify(Array.isArray(value) ? value : Object.fromEntries(Object.entries(value).sort()));
  if (text(is) !== text(wanted)) throw new Error(`${what} differs:\n is     ${text(is)}\n wanted ${text(wanted)}`);
}
