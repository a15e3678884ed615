import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codes } from '../core/codes.ts';
import { readSources } from '../../test/house/sources.ts';
import { parseCommandLine } from './application.ts';
import { eventMeanings, eventSchemas, problemsOf, resultKinds } from './event-schema.ts';
import { createFakeWorld } from './fake-terminal.ts';
import { recordedRun } from './render/recorded-run.ts';
import { failBeforeSession, runInvocation } from './session.ts';

describe('the schema of the stream', () => {
  it('holds for a recorded run', () => {
    expect(recordedRun.flatMap(problemsOf)).toEqual([]);
  });

  it('is told apart by what it does not allow', () => {
    const first = recordedRun[0];
    expect(
      [
        problemsOf({ ...first, more: 1 }),
        problemsOf({ ...first, time: 'now' }),
        problemsOf({ type: 'nope' }),
        problemsOf({ type: 'result', kind: 'nope', data: 1, time: first?.time }),
      ].map((problems) => problems.length),
    ).toEqual([1, 1, 1, 1]);
  });

  it('calls durable what engine/events.ts calls durable', () => {
    const source = readFileSync(new URL('../engine/events.ts', import.meta.url), 'utf8');
    const durable = /export type DurableEvent =([\s\S]*?)\nexport type/.exec(source)?.[1] ?? '';
    const named = [...durable.matchAll(/readonly type: '([a-z.]+)'/g)].map((match) => match[1]);
    expect(named.length).toBeGreaterThan(5);
    expect(
      Object.entries(eventMeanings)
        .filter(([, { durable: marked }]) => marked)
        .map(([type]) => type)
        .toSorted(),
    ).toEqual(named.toSorted());
  });

  it('knows every kind of result that a command gives', () => {
    const given = readSources('src/cli').flatMap((file) =>
      file.path.endsWith('.test.ts') ? [] : [...file.text.matchAll(/\.result\(\s*'([a-z-]+)'/g)].map((match) => match[1] ?? ''),
    );
    expect([...new Set([...given, 'up', 'down'])].toSorted()).toEqual(Object.keys(resultKinds).toSorted());
  });

  it('covers every event type', () => {
    expect(Object.keys(eventSchemas).toSorted()).toEqual(Object.keys(eventMeanings).toSorted());
  });
});

describe('--output json', () => {
  it.each([
    'explain',
    `explain ${Object.keys(codes)[0] ?? ''}`,
    'explain Cluster.spec',
    'explain nope',
    'schema',
    'completion bash',
    'completion tcsh',
    'version',
    'upp',
    'plan --nope',
  ])('%s gives a valid stream', async (line) => {
    const world = createFakeWorld();
    const parsed = await parseCommandLine([...line.split(' '), '--output', 'json']);
    if (parsed.kind === 'invocation') await runInvocation(parsed.invocation, world);
    if (parsed.kind === 'error') failBeforeSession(parsed.error, { output: 'json', noColor: false, verbose: false }, world);
    const events = world.text.stdout
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text) as { readonly type: string });
    expect(events[0]?.type).toBe('version');
    expect(events.length).toBeGreaterThan(1);
    expect(events.flatMap(problemsOf)).toEqual([]);
    expect(world.text.stderr).toBe('');
  });
});
