/**
 * The stream of `--output json` as a schema: checked against the types of engine/events.ts by the compiler, against real streams by
 * tests, and the source of docs/reference/events.md. Not on the way of any command.
 */
import * as z from 'zod';
import { codes, type Code } from '../core/codes.ts';
import type { Json } from '../core/digest.ts';
import type { ErrorRecord, SourcePosition } from '../core/errors.ts';
import type { SlipwayEvent } from '../engine/events.ts';
import type { PlanData, PlannedStep } from '../engine/plan-data.ts';
import type { Change, Intent } from '../engine/step.ts';

const count = z.int().nonnegative();
const ms = z.number().nonnegative();
const outputs = z.record(z.string(), z.json() as z.ZodType<Json>);

const position: z.ZodType<SourcePosition> = z.strictObject({ file: z.string(), line: z.int().min(1), col: z.int().min(1) });

const errorRecord: z.ZodType<ErrorRecord> = z.strictObject({
  code: z.enum(Object.keys(codes) as [Code, ...Code[]]),
  message: z.string(),
  fix: z.string(),
  retry: z.enum(['no', 'backoff', 'after-user']),
  at: position.exactOptional(),
  object: z.string().exactOptional(),
  data: z.record(z.string(), z.unknown()).exactOptional(),
});

const change: z.ZodType<Change> = z.strictObject({
  kind: z.enum(['none', 'create', 'update', 'replace', 'delete', 'deferred']),
  summary: z.string(),
  details: z
    .array(
      z.strictObject({ object: z.string(), kind: z.enum(['create', 'update', 'replace', 'delete']), reason: z.string().exactOptional() }),
    )
    .exactOptional(),
  announces: z.record(z.string(), count).exactOptional(),
  destroys: z.array(z.string()).exactOptional(),
});

const plannedStep: z.ZodType<PlannedStep> = z.strictObject({
  step: z.string(),
  title: z.string(),
  subject: z.string(),
  needs: z.array(z.string()),
  change,
  direction: z.enum(['up', 'down']),
});

const plan: z.ZodType<PlanData> = z.strictObject({
  format: z.literal('1.0'),
  project: z.string(),
  verb: z.enum(['up', 'down']),
  steps: z.array(plannedStep),
  counts: z.strictObject({ create: count, update: count, replace: count, delete: count, deferred: count, none: count }),
  destroys: z.array(z.string()),
  digest: z.string(),
});

const intent: z.ZodType<Intent> = z.strictObject({
  undo: z
    .strictObject({ handler: z.string(), data: z.json() as z.ZodType<Json>, title: z.string(), destroys: z.string().exactOptional() })
    .exactOptional(),
  choices: outputs.exactOptional(),
});

const verb = z.enum(['up', 'down', 'plan', 'toolchain', 'pivot']);
const phase = z.enum(['observe', 'apply', 'verify', 'undo']);
const time = z.iso.datetime({ precision: 3 });
const step = z.string();
const finding = { level: z.enum(['info', 'warning']), code: z.string().exactOptional(), message: z.string(), at: position.exactOptional() };

type Schemas = { readonly [T in SlipwayEvent['type']]: z.ZodType<Extract<SlipwayEvent, { readonly type: T }>> };

/** One schema for each event; strict, so that a field that is not documented here fails a test. */
export const eventSchemas: Schemas = {
  version: z.strictObject({ type: z.literal('version'), format: z.literal('1.0'), slipway: z.string(), time }),
  'run.started': z.strictObject({
    type: z.literal('run.started'),
    run: z.string(),
    verb,
    project: z.string(),
    slipway: z.string(),
    planDigest: z.string(),
    time,
  }),
  'plan.made': z.strictObject({ type: z.literal('plan.made'), plan, time }),
  'step.intended': z.strictObject({
    type: z.literal('step.intended'),
    step,
    subject: z.string(),
    title: z.string(),
    needs: z.array(z.string()),
    change,
    intent,
    time,
  }),
  'step.started': z.strictObject({ type: z.literal('step.started'), step, title: z.string(), subject: z.string(), phase, time }),
  'step.progress': z.strictObject({
    type: z.literal('step.progress'),
    step,
    message: z.string(),
    done: count.exactOptional(),
    total: count.exactOptional(),
    time,
  }),
  'step.waiting': z.strictObject({
    type: z.literal('step.waiting'),
    step,
    object: z.string(),
    reason: z.string(),
    message: z.string(),
    forMs: ms,
    boundMs: ms,
    time,
  }),
  'step.finding': z.strictObject({ type: z.literal('step.finding'), step, ...finding, time }),
  'step.log': z.strictObject({ type: z.literal('step.log'), step, source: z.string(), line: z.string(), time }),
  'step.unchanged': z.strictObject({ type: z.literal('step.unchanged'), step, time }),
  'step.applied': z.strictObject({ type: z.literal('step.applied'), step, outputs, ms, time }),
  'step.verified': z.strictObject({ type: z.literal('step.verified'), step, ms, time }),
  'step.failed': z.strictObject({
    type: z.literal('step.failed'),
    step,
    phase,
    error: errorRecord,
    attempt: count,
    retryInMs: ms.exactOptional(),
    time,
  }),
  'step.skipped': z.strictObject({ type: z.literal('step.skipped'), step, reason: z.string(), time }),
  'step.undone': z.strictObject({ type: z.literal('step.undone'), step, ms, time }),
  'step.forgotten': z.strictObject({ type: z.literal('step.forgotten'), step, reason: z.string(), time }),
  heartbeat: z.strictObject({ type: z.literal('heartbeat'), running: z.array(z.string()), ms, time }),
  finding: z.strictObject({ type: z.literal('finding'), ...finding, time }),
  error: z.strictObject({ type: z.literal('error'), error: errorRecord, time }),
  result: z.strictObject({ type: z.literal('result'), kind: z.string(), data: z.unknown(), time }),
  'run.finished': z.strictObject({
    type: z.literal('run.finished'),
    run: z.string(),
    status: z.enum(['done', 'failed', 'cancelled', 'detached', 'waiting']),
    exit: count,
    ms,
    changed: count,
    time,
  }),
};

/** What each event says, for the reference; `durable` ones are rows of the journal. */
export const eventMeanings: Readonly<Record<SlipwayEvent['type'], { readonly says: string; readonly durable: boolean }>> = {
  version: { says: 'Always the first line: the version of this format and of Slipway.', durable: false },
  'run.started': { says: 'A run begins. `run` is its id, `planDigest` binds it to its plan.', durable: true },
  'plan.made': { says: 'The plan that is going to be run.', durable: true },
  'step.intended': {
    says: 'The step is about to act; what it will use (names, ports) and how to undo it is durable by now.',
    durable: true,
  },
  'step.started': { says: 'The step enters a phase.', durable: false },
  'step.progress': { says: 'The step works; `done` of `total` where it can be counted.', durable: false },
  'step.waiting': { says: 'The step waits: for which object, why, how long already, and for how long at most.', durable: false },
  'step.finding': { says: 'Something about the step that a person should know.', durable: true },
  'step.log': { says: 'A line that a child process wrote.', durable: false },
  'step.unchanged': { says: 'The world is already as the step wants it.', durable: false },
  'step.applied': { says: 'The step acted; `outputs` are what later steps read. Never a secret.', durable: true },
  'step.verified': { says: 'The step proved that the world is as promised.', durable: true },
  'step.failed': { says: 'The step failed in a phase; `retryInMs` when it is tried again, absent when it gave up.', durable: true },
  'step.skipped': { says: 'The step was not tried, and why.', durable: false },
  'step.undone': { says: 'What the step had made is gone.', durable: true },
  'step.forgotten': { says: 'The step is no longer in the ledger, and nothing had to be undone.', durable: true },
  heartbeat: { says: 'Nothing else was said for a while; these steps are running.', durable: false },
  finding: { says: 'Something about the project or the machine that a person should know.', durable: false },
  error: { says: 'The verb failed. Several when a validation found several.', durable: false },
  result: { says: 'What the verb has to say; `kind` tells the shape of `data`, see below.', durable: false },
  'run.finished': { says: 'The run is over; `exit` is the exit code of the process.', durable: true },
};

/** The kinds of `result`, by verb. */
export const resultKinds: Readonly<Record<string, string>> = {
  init: '`{folder, files}`: what was written.',
  validate: '`{project, documents: [{kind, name, file}]}`.',
  plan: 'A plan as in `plan.made`.',
  up: '`{status, exit, summary}`; `status` as in `run.finished`, `summary` is prose.',
  down: '`{status, exit, summary}`.',
  status:
    '`{project, state, causes: [{object, reason, message, file?}], tree}`; a node of the tree is `{kind, name, state, reason?, message?, facts?, sinceMs?, children}`. With `--watch` one result for each change.',
  'vpn-client-add': '`{name, serial, notAfter, path}`: the profile is in the file, never in the event.',
  'vpn-client-list': '`{clients: [{name, state, notAfter, serial, revokedAt?}]}`; `state` is `valid`, `expired` or `revoked`.',
  'vpn-client-revoke': '`{name, wasRevoked}`.',
  'vpn-status':
    '`{network, location, endpoints, revision, published, ends: {authority, server, revocationList}, due, clients, hosts}`; times are ms since the epoch.',
  'pivot-plan':
    '`{source, target, namespaces, clusters, disposableSource, objects: [{ref, uid, verdict, reason, level?, droppedOwners?}], counts, pauses, suspends, notes, refusals: [{reason, object?, message}], digest}`; with refusals the exit is 1.',
  pivot:
    '`{verb, status, exit, summary, pivot}`: `pivot run|rollback|retire`; `pivot` as in `pivot-status`, `status` as in `run.finished`.',
  'pivot-status':
    '`{stage, runId?, phase?, source?, target?, namespaces?, clusters?, disposableSource?, objects?, paused, suspended, next}`; `next` names the verbs that may follow.',
  kubeconfig: '`{kubeconfig}`, or `{file, context}` with `--merge`.',
  log: '`{component, line}`, one for each line.',
  journal: 'A row `{seq, run, hash, event}` for each row; `journal verify`: `{rows, intact, brokenAt?, message}`.',
  unlock: '`{owner}`: whose lock was freed, or null.',
  doctor: '`{findings: [{check, state, message, fix?}]}`.',
  code: '`{code, title, explain, fix, exit, retry}`: `slipway explain CODE`.',
  codes: 'All codes: `slipway explain`.',
  field: '`{path, type, description, …}`: `slipway explain FIELD`.',
  schema: 'The JSON Schema of a project file.',
  completion: '`{shell, script}`.',
  toolchain: '`{binaries: [{name, version, source, path?, …}]}`.',
  version: '`{slipway}`.',
};

/** The problems of one line of a stream; empty when it is as documented. */
export function problemsOf(event: unknown): readonly string[] {
  const type = typeof event === 'object' && event !== null && 'type' in event ? String(event.type) : '';
  const schema = (eventSchemas as Readonly<Record<string, z.ZodType | undefined>>)[type];
  if (!schema) return [`unknown event type "${type}"`];
  const parsed = schema.safeParse(event);
  const problems = parsed.success ? [] : parsed.error.issues.map((issue) => `${type}: ${issue.path.join('.')}: ${issue.message}`);
  const kind = type === 'result' ? String((event as { readonly kind: unknown }).kind) : undefined;
  return kind !== undefined && !Object.hasOwn(resultKinds, kind) ? [...problems, `undocumented kind of result "${kind}"`] : problems;
}
