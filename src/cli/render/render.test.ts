import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventBody, SlipwayEvent } from '../../engine/events.ts';
import type { ProjectStatus } from '../../project/operations.ts';
import { errorsLines } from './error-text.ts';
import { jsonLine } from './json.ts';
import { createPaint, wantsColor } from './paint.ts';
import { createPlainLog, plainLines } from './plain.ts';
import { countsLine, planLines } from './plan-text.ts';
import { emptyPlan, recordedPlan, recordedRun, timeline } from './recorded-run.ts';
import { emptyScreen, reduceAll, reduceScreen } from './screen.ts';
import { statusLines } from './status-text.ts';
import { cutLine, fit, sanitize, widthOf } from './text-width.ts';
import { treeLines, wrap } from './tree.ts';

const bare = createPaint(false);
const NOW = Date.parse('2026-01-02T03:04:30.000Z');
const treeOptions = { width: 80, nowMs: NOW, frame: 0, paint: bare, ascii: false, final: false };

describe('a plan as text', () => {
  it('shows every change with its sign', () => {
    expect(planLines(recordedPlan, bare).join('\n')).toMatchSnapshot();
  });

  it('says so when there is none', () => {
    expect(planLines(emptyPlan, bare)).toEqual(['No changes. demo is as its project says.']);
    expect(countsLine(emptyPlan)).toBe('Plan: no changes.');
  });
});

describe('errors as text', () => {
  it('have code, sentence, position, fix and explain', () => {
    const errors = [
      {
        code: 'SLW-CFG-001',
        message: 'unknown key "provisoner"',
        fix: 'did you mean provisioner?',
        at: { file: 'slipway.yaml', line: 6, col: 3 },
        retry: 'no',
      },
      {
        code: 'SLW-CFG-001',
        message: 'unknown key "x"',
        fix: 'did you mean provisioner?',
        at: { file: 'slipway.yaml', line: 9, col: 3 },
        retry: 'no',
      },
    ] as const;
    expect(errorsLines(errors, bare).join('\n')).toMatchSnapshot();
  });
});

describe('a recorded run', () => {
  it('reads as plain lines', () => {
    const log = createPlainLog({ verbose: false });
    expect(recordedRun.flatMap(log.handle).join('\n')).toMatchSnapshot();
  });

  it('reads as plain lines with -v', () => {
    expect(recordedRun.flatMap((event) => plainLines(event, { verbose: true })).join('\n')).toMatchSnapshot();
  });

  it('is a tree while it runs', () => {
    const waiting = recordedRun.findIndex((event) => event.type === 'heartbeat');
    expect(treeLines(reduceAll(emptyScreen, recordedRun.slice(0, waiting)), treeOptions).join('\n')).toMatchSnapshot();
  });

  it('is a whole tree at the end', () => {
    expect(treeLines(reduceAll(emptyScreen, recordedRun), { ...treeOptions, final: true }).join('\n')).toMatchSnapshot();
  });

  it('needs only ASCII where the locale is C', () => {
    const lines = treeLines(reduceAll(emptyScreen, recordedRun), { ...treeOptions, final: true, ascii: true });
    expect(lines.filter((line) => !/^[\x20-\x7e]*$/.test(line))).toEqual([]);
  });

  it('keeps failures when the window is small', () => {
    const lines = treeLines(reduceAll(emptyScreen, recordedRun), { ...treeOptions, height: 5 });
    expect(lines.length).toBeLessThanOrEqual(5);
    expect(lines.join('\n')).toContain('SLW-BUG-001');
  });

  it('is NDJSON line by line', () => {
    const lines = recordedRun.map(jsonLine);
    expect(lines.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(recordedRun);
  });

  it('gives the same screen at once and one by one', () => {
    expect(recordedRun.reduce(reduceScreen, emptyScreen)).toEqual(reduceAll(emptyScreen, recordedRun));
  });
});

describe('plain', () => {
  it('says a standing wait again only after half a minute', () => {
    const log = createPlainLog({ verbose: false });
    const wait: EventBody = {
      type: 'step.waiting',
      step: 'a/b/c',
      object: 'Pod/x/y',
      reason: 'Pending',
      message: 'no node',
      forMs: 0,
      boundMs: 60_000,
    };
    const events = timeline(Array.from({ length: 65 }, () => wait));
    expect(events.flatMap(log.handle)).toHaveLength(3);
  });
});

describe('a step that talks fast', () => {
  const progress = (message: string, ms: number): SlipwayEvent => ({
    type: 'step.progress',
    step: 'a/b/c',
    message,
    time: new Date(NOW + ms).toISOString(),
  });

  it('is slowed down, and its latest word is said late instead of never', () => {
    const log = createPlainLog({ verbose: false });
    const said = [0, 10, 20, 30].flatMap((ms) => log.handle(progress(`at ${ms}`, ms)));
    expect([said.length, log.due(NOW + 500), log.due(NOW + 1001).length, log.due(NOW + 5000)]).toEqual([1, [], 1, []]);
  });

  it('says nothing late once it is over', () => {
    const log = createPlainLog({ verbose: false });
    for (const ms of [0, 10]) log.handle(progress(`at ${ms}`, ms));
    log.handle({ type: 'step.applied', step: 'a/b/c', outputs: {}, ms: 11, time: new Date(NOW + 11).toISOString() });
    expect(log.due(NOW + 2000)).toEqual([]);
  });
});

describe('status as text', () => {
  const status: ProjectStatus = {
    project: 'demo',
    state: 'failed',
    causes: [{ object: 'Deployment/apps/web', reason: 'ImagePullBackOff', message: 'image not found', file: 'fleet/apps/web.yaml:12' }],
    tree: {
      kind: 'Project',
      name: 'demo',
      state: 'failed',
      children: [
        {
          kind: 'Cluster',
          name: 'demo',
          state: 'progressing',
          sinceMs: 4000,
          children: [{ kind: 'Process', name: 'etcd', state: 'ready', facts: { version: '3.6.12', pid: '77' }, children: [] }],
        },
        { kind: 'Cluster', name: 'two', state: 'stopped', reason: 'NotRunning', message: 'kube-apiserver is not there', children: [] },
      ],
    },
  };

  it('names the cause first, then the tree', () => {
    expect(statusLines(status, bare).join('\n')).toMatchSnapshot();
  });
});

describe('widths', () => {
  it('are those of a terminal', () => {
    expect([widthOf('abc'), widthOf('日本'), widthOf('e\u0301'), widthOf('👩‍👩‍👧'), widthOf('\x1b[31mx\x1b[39m'), widthOf('⠋ ✔')]).toEqual([
      3, 4, 1, 2, 1, 3,
    ]);
  });

  it('cut without breaking a character', () => {
    expect(fit('日本語', 4)).toBe('日…');
    expect(cutLine('\x1b[31mabcdef\x1b[39m', 4)).toBe('\x1b[31mabc\x1b[39m…\x1b[0m');
  });

  it('do not let a server steer the terminal', () => {
    expect(sanitize('a\x1b]0;owned\x07b\x1b[2Jc\rd\ne\u202ef')).not.toMatch(/[\u0000-\u001f\u202e]/);
  });

  it('hold for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0, max: 40 }), (text, width) => {
        expect(widthOf(fit(sanitize(text), width))).toBeLessThanOrEqual(width);
      }),
    );
  });

  it('wrap loses no word', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 1 })),
        fc.integer({ min: 8, max: 60 }),
        (words, width) => wrap(words.join(' '), width).join('').replaceAll(' ', '') === words.join('').replaceAll(' ', ''),
      ),
    );
  });
});

describe('colour', () => {
  const env = (values: Record<string, string>) => (name: string) => values[name];

  it.each([
    [{ flag: true, isTerminal: true, env: env({ FORCE_COLOR: '1' }) }, false],
    [{ flag: false, isTerminal: true, env: env({}) }, true],
    [{ flag: false, isTerminal: false, env: env({}) }, false],
    [{ flag: false, isTerminal: true, env: env({ NO_COLOR: '1' }) }, false],
    [{ flag: false, isTerminal: true, env: env({ NO_COLOR: '' }) }, true],
    [{ flag: false, isTerminal: false, env: env({ FORCE_COLOR: '1' }) }, true],
    [{ flag: false, isTerminal: true, env: env({ TERM: 'dumb' }) }, false],
  ] as const)('follows flag, NO_COLOR, FORCE_COLOR, terminal (%#)', (options, expected) => {
    expect(wantsColor(options)).toBe(expected);
  });
});

const anyText = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('\x1b[2J', 'a\nb', '日本語', '👩‍👩‍👧', 'x'.repeat(300), ''));
const anyStep = fc.constantFrom('a/b/c', 'a/b/d', 'x/y/z', '__proto__');
const anyError = fc.record({
  code: fc.constant('SLW-BUG-001' as const),
  message: anyText,
  fix: anyText,
  retry: fc.constant('no' as const),
});
const anyBody: fc.Arbitrary<EventBody> = fc.oneof(
  fc.record({
    type: fc.constant('run.started' as const),
    run: anyText,
    verb: fc.constant('up' as const),
    project: anyText,
    slipway: anyText,
    planDigest: anyText,
  }),
  fc.record({ type: fc.constant('plan.made' as const), plan: fc.constantFrom(recordedPlan, emptyPlan) }),
  fc.record({
    type: fc.constant('step.started' as const),
    step: anyStep,
    title: anyText,
    subject: anyText,
    phase: fc.constantFrom('observe' as const, 'apply' as const),
  }),
  fc.record({ type: fc.constant('step.progress' as const), step: anyStep, message: anyText, done: fc.nat(), total: fc.nat() }),
  fc.record({
    type: fc.constant('step.waiting' as const),
    step: anyStep,
    object: anyText,
    reason: anyText,
    message: anyText,
    forMs: fc.nat(),
    boundMs: fc.nat(),
  }),
  fc.record({ type: fc.constant('step.applied' as const), step: anyStep, outputs: fc.constant({}), ms: fc.nat() }),
  fc.record({
    type: fc.constant('step.failed' as const),
    step: anyStep,
    phase: fc.constant('apply' as const),
    error: anyError,
    attempt: fc.nat(),
  }),
  fc.record({ type: fc.constant('step.skipped' as const), step: anyStep, reason: anyText }),
  fc.record({ type: fc.constant('step.finding' as const), step: anyStep, level: fc.constant('warning' as const), message: anyText }),
  fc.record({ type: fc.constant('finding' as const), level: fc.constant('info' as const), message: anyText }),
  fc.record({
    type: fc.constant('run.finished' as const),
    run: anyText,
    status: fc.constantFrom('done' as const, 'failed' as const),
    exit: fc.nat(),
    ms: fc.nat(),
    changed: fc.nat(),
  }),
);

describe('any stream of events', () => {
  it('gives screens that fit the window, and a final one with every failure', () => {
    fc.assert(
      fc.property(
        fc.array(anyBody, { maxLength: 40 }),
        fc.integer({ min: 10, max: 120 }),
        fc.integer({ min: 3, max: 40 }),
        (bodies, width, height) => {
          const screen = reduceAll(emptyScreen, timeline(bodies));
          const live = treeLines(screen, { ...treeOptions, width, height });
          expect(live.length).toBeLessThanOrEqual(height);
          expect(live.filter((line) => widthOf(line) > width || /[\n\r]/.test(line))).toEqual([]);
          const final = treeLines(screen, { ...treeOptions, width, final: true });
          expect(final.filter((line) => widthOf(line) > width)).toEqual([]);
          const failed = [...screen.steps.values()].filter((step) => step.state === 'failed').length;
          expect(final.filter((line) => line.startsWith('  ✖ '))).toHaveLength(failed);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('gives plain lines without escapes, and valid NDJSON', () => {
    fc.assert(
      fc.property(fc.array(anyBody, { maxLength: 20 }), (bodies) => {
        const events = timeline(bodies);
        expect(events.flatMap((event) => plainLines(event, { verbose: true })).filter((line) => /[\u0000-\u001f]/.test(line))).toEqual([]);
        expect(events.map((event) => JSON.parse(jsonLine(event)) as unknown)).toEqual(JSON.parse(JSON.stringify(events)));
      }),
    );
  });
});
