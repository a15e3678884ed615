/**
 * Hooks of a document as steps around its own. Two marks frame a document: `open` before anything of it, `close` after everything.
 * `open` remembers what still has to run when the run dies in between; the undoing of the marks runs the hooks of destruction, from the
 * journal alone. A document without hooks has none of these steps.
 */
import type { HookMoment, ResolvedHook } from '../../config/resolved-hooks.ts';
import { digestOf, type Json } from '../../core/digest.ts';
import type { PlanData } from '../../engine/plan-data.ts';
import {
  type Change,
  defineStep,
  type Intent,
  type Outputs,
  type Step,
  type StepContext,
  type StepId,
  type StepRecord,
} from '../../engine/step.ts';
import type { WorkContext } from '../work-context.ts';
import { givenBy } from './given.ts';
import { hookIntent } from './hook-undo.ts';
import { runHook } from './program.ts';

export interface HookedDocument {
  /** `Network/main` */
  readonly subject: string;
  readonly name: string;
  readonly hooks: readonly ResolvedHook[];
  readonly steps: readonly Step[];
  /** Kept up to date during a run. */
  readonly ledger: ReadonlyMap<StepId, StepRecord>;
  /** What would happen without hooks. */
  readonly plan: PlanData;
}

/** What is going on with the document, as far as it was planned. */
type Course = 'create' | 'update' | 'nothing';

interface Frame {
  readonly document: HookedDocument;
  readonly context: WorkContext;
  readonly course: Course;
  readonly open: StepId;
  readonly close: StepId;
}

/** The document's steps and its hooks around them. */
export function withHooks(document: HookedDocument, context: WorkContext): readonly Step[] {
  const [open, close] = (['open', 'close'] as const).map((mark) => hookStepId(document.subject, `${mark}-document`)) as [StepId, StepId];
  const frame: Frame = { document, context, open, close, course: courseOf(document, { open, close }) };
  const before = chain(frame, { moments: ['beforeCreate', 'beforeUpdate'], first: [open] });
  // All of them, not the last alone: one that had nothing to run for is not in the ledger, and undoing follows the ledger.
  const entry = [open, ...before.map(({ id }) => id)];
  const own = new Set(document.steps.map(({ id }) => id));
  const steps = document.steps.map((step) =>
    step.needs.some((need) => own.has(need)) ? step : { ...step, needs: [...step.needs, ...entry] },
  );
  const after = chain(frame, { moments: ['afterCreate', 'afterUpdate'], first: [close] });
  return [openStep(frame), ...before, ...steps, closeStep(frame, [...entry, ...own]), ...after];
}

/** `hook/run-after-create/network-main-register-dns` */
function hookStepId(subject: string, what: string, name?: string): StepId {
  return `hook/${what}/${subject.replace('/', '-').toLowerCase()}${name === undefined ? '' : `-${name}`}`;
}

function courseOf({ subject, ledger, plan }: HookedDocument, { open, close }: Pick<Frame, 'open' | 'close'>): Course {
  if (isBorn(ledger.get(open)) ?? !isMade(subject, ledger)) {
    if (ledger.get(close)?.state !== 'applied') return 'create';
  }
  const changes = plan.steps.some((step) => step.subject === subject && step.direction === 'up' && step.change.kind !== 'none');
  return changes ? 'update' : 'nothing';
}

/** Whether the mark was set before the document was; undefined before there is a mark. */
function isBorn(record: StepRecord | undefined): boolean | undefined {
  const born = record?.intent.choices?.['born'];
  return typeof born === 'boolean' ? born : undefined;
}

function isMade(subject: string, ledger: HookedDocument['ledger']): boolean {
  return [...ledger.values()].some((record) => record.subject === subject && !record.step.startsWith('hook/'));
}

const hooksOf = ({ hooks }: HookedDocument, moment: HookMoment): readonly ResolvedHook[] => hooks.filter((hook) => hook.moment === moment);

/** What later runs must still do when this one dies behind the change. */
function pendingOf({ document, course }: Frame): readonly string[] {
  if (course === 'nothing') return [];
  return hooksOf(document, course === 'create' ? 'afterCreate' : 'afterUpdate').map(pendingName);
}

const pendingName = ({ moment, name }: ResolvedHook): string => `${moment}/${name}`;

function openStep(frame: Frame): Step {
  const { document, course } = frame;
  const born = isBorn(document.ledger.get(frame.open)) ?? !isMade(document.subject, document.ledger);
  return markStep(frame, {
    id: frame.open,
    title: `note what hooks ${document.subject} waits for`,
    needs: [],
    moment: 'afterDestroy',
    isDue: course !== 'nothing',
    choices: { born },
    // A run that goes on with a creation goes on with its mark.
    outputs: ({ host, record }) =>
      course === 'nothing' || (course === 'create' && record?.outputs['turn'] !== undefined)
        ? (record?.outputs ?? {})
        : { turn: host.random.uuid(), pending: pendingOf(frame) },
  });
}

function closeStep(frame: Frame, needs: readonly StepId[]): Step {
  const title = `note that ${frame.document.subject} is whole`;
  return markStep(frame, { id: frame.close, title, needs, moment: 'beforeDestroy', isDue: false, choices: {}, outputs: () => ({}) });
}

interface Mark {
  readonly id: StepId;
  readonly title: string;
  readonly needs: readonly StepId[];
  /** Its hooks run when the mark is undone. */
  readonly moment: HookMoment;
  readonly isDue: boolean;
  readonly choices: Outputs;
  readonly outputs: (context: StepContext) => Outputs;
}

interface MarkSeen {
  readonly isThere: boolean;
  readonly isSame: boolean;
}

function markStep({ document, context }: Frame, mark: Mark): Step {
  const { subject } = document;
  const hooks = hooksOf(document, mark.moment);
  const intent = (): Intent => ({
    ...hookIntent(hooks, { subject, moment: mark.moment, project: context.project }),
    choices: mark.choices,
  });
  return defineStep<MarkSeen>({
    ...{ id: mark.id, title: mark.title, subject, needs: mark.needs },
    observe: ({ record }) =>
      Promise.resolve({
        isThere: record?.state === 'applied',
        isSame: digestOf((record?.intent.undo ?? null) as Json) === digestOf((intent().undo ?? null) as Json),
      }),
    change: ({ isThere, isSame }): Change => {
      if (!isThere) return { kind: 'create', summary: mark.title };
      return mark.isDue || !isSame ? { kind: 'update', summary: mark.title } : { kind: 'none', summary: 'noted' };
    },
    intent: () => Promise.resolve(intent()),
    apply: (step) => Promise.resolve(mark.outputs(step)),
  });
}

interface Chain {
  readonly moments: readonly HookMoment[];
  readonly first: readonly StepId[];
}

/** One after the other, in the order of the file. */
function chain(frame: Frame, { moments, first }: Chain): readonly Step[] {
  const steps: Step[] = [];
  for (const hook of moments.flatMap((moment) => hooksOf(frame.document, moment))) {
    const last = steps.at(-1);
    steps.push(runStep(frame, hook, last ? [...last.needs, last.id] : first));
  }
  return steps;
}

function runStep(frame: Frame, hook: ResolvedHook, needs: readonly StepId[]): Step {
  const { document, context, open } = frame;
  const { subject } = document;
  const title = `run hook ${hook.name} ${WHEN[hook.moment]} ${subject}`;
  return defineStep<{ readonly isDue: boolean }>({
    id: hookStepId(subject, `run-${KEBAB[hook.moment]}`, hook.name),
    ...{ title, subject, needs },
    observe: ({ record, outputs }) => Promise.resolve({ isDue: isDue(frame, hook, { record, mark: outputs(open) }) }),
    change: ({ isDue: due }) =>
      due
        ? { kind: 'update', summary: `run ${hook.run}${hook.args.map((arg) => ` ${arg}`).join('')}` }
        : { kind: 'none', summary: 'nothing to run for' },
    apply: async ({ host, signal, report, outputs }) => {
      const { redactor, project, stateDir } = context;
      await runHook(hook, {
        ...{ host, redactor, project, stateDir, subject, signal, report },
        given: givenBy(subject, document.ledger),
        outputs: context.outputs,
      });
      return { turn: outputs(open)?.['turn'] ?? '' };
    },
  });
}

interface Turn {
  readonly record: StepRecord | undefined;
  readonly mark: Outputs | undefined;
}

/** Around what this run does; or what an earlier run did and did not live to follow up. */
function isDue({ course }: Frame, hook: ResolvedHook, { record, mark }: Turn): boolean {
  if (COURSE[hook.moment] === course) return true;
  const pending = mark?.['pending'];
  return Array.isArray(pending) && pending.includes(pendingName(hook)) && record?.outputs['turn'] !== mark?.['turn'];
}

const COURSE: Readonly<Record<HookMoment, Course | undefined>> = {
  beforeCreate: 'create',
  afterCreate: 'create',
  beforeUpdate: 'update',
  afterUpdate: 'update',
  beforeDestroy: undefined,
  afterDestroy: undefined,
};

const WHEN: Readonly<Record<HookMoment, string>> = {
  beforeCreate: 'before creating',
  afterCreate: 'after creating',
  beforeUpdate: 'before updating',
  afterUpdate: 'after updating',
  beforeDestroy: 'before destroying',
  afterDestroy: 'after destroying',
};

const KEBAB: Readonly<Record<HookMoment, string>> = {
  beforeCreate: 'before-create',
  afterCreate: 'after-create',
  beforeUpdate: 'before-update',
  afterUpdate: 'after-update',
  beforeDestroy: 'before-destroy',
  afterDestroy: 'after-destroy',
};
