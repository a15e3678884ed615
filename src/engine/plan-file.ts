/** A reviewed plan as a file: written by `plan --out`, compared by `up FILE` with a plan made again from the world. */
import { digestOf, sha256, type Json } from '../core/digest.ts';
import { SlipwayError } from '../core/errors.ts';
import type { Host } from '../host/host.ts';
import type { PlanData } from './plan-data.ts';
import { toPlain } from './plain-data.ts';

const FORMAT = 'slipway-plan/1';

export function serializePlan(plan: PlanData): string {
  const content = toPlain(plan, 'the plan');
  return `${JSON.stringify({ format: FORMAT, seal: digestOf(content), plan: content }, null, 2)}\n`;
}

/** @param name the file's, for the error. @throws SLW-ENG-006 when it is no plan, was altered, or is of another format */
export function parsePlan(text: string, name: string): PlanData {
  const file = readJson(text, name);
  if (file['format'] !== FORMAT) throw unreadable(name, `its format is ${JSON.stringify(file['format'] ?? null)}, not ${FORMAT}`);
  const plan = file['plan'] as Json | undefined;
  if (plan === undefined || file['seal'] !== digestOf(plan)) throw unreadable(name, 'it was altered after it was written');
  return plan as unknown as PlanData;
}

function readJson(text: string, name: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // Told below like every other content that is no plan.
  }
  throw unreadable(name, `it is no JSON object (sha256 ${sha256(text).slice(0, 12)})`, PROJECT_FIX);
}

/** Other tools take the project where this one takes a plan. */
const PROJECT_FIX = 'give a project with -f FILE or -f DIR; a plan is what `slipway plan --out FILE` writes';

function unreadable(name: string, why: string, fix?: string): SlipwayError {
  return new SlipwayError('SLW-ENG-006', `${name} cannot be used as a plan: ${why}`, {
    at: { file: name, line: 1, col: 1 },
    ...(fix !== undefined && { fix }),
  });
}

/** Writes the file for its owner only (0600): a plan names what there is. */
export async function writePlanFile(host: Host, path: string, plan: PlanData): Promise<void> {
  await host.files.writeAtomic(path, serializePlan(plan), { mode: 0o600 });
}

/** @throws SLW-ENG-006 when the file is missing or no plan */
export async function readPlanFile(host: Host, path: string): Promise<PlanData> {
  if ((await host.files.stat(path))?.kind === 'dir') throw unreadable(path, 'it is a folder', PROJECT_FIX);
  const text = await host.files.readText(path);
  if (text === undefined) throw unreadable(path, 'there is no such file');
  return parsePlan(text, path);
}

/** @throws SLW-ENG-005 when the plan made now is not the one that was reviewed */
export function requireSamePlan(reviewed: PlanData, made: PlanData): void {
  if (reviewed.digest === made.digest) return;
  const moved = findMoved(reviewed, made);
  throw new SlipwayError('SLW-ENG-005', `the reviewed plan no longer fits the world: ${moved}`, {
    data: { reviewed: reviewed.digest, made: made.digest },
  });
}

function findMoved(reviewed: PlanData, made: PlanData): string {
  if (reviewed.project !== made.project) return `it is a plan for project ${reviewed.project}, not ${made.project}`;
  const before = new Map(reviewed.steps.map((step) => [step.step, step]));
  const moved = made.steps.find((step) => digestOf(toPlain(step, '')) !== digestOf(toPlain(before.get(step.step) ?? null, '')));
  if (moved) return `${moved.step} is now "${moved.change.summary}", it was "${before.get(moved.step)?.change.summary ?? 'not planned'}"`;
  const after = new Set(made.steps.map((step) => step.step));
  const gone = reviewed.steps.find((step) => !after.has(step.step));
  return gone ? `${gone.step} is no longer planned` : 'what was observed is different in detail';
}
