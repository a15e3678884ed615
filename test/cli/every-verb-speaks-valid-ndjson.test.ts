import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemsOf } from '../../src/cli/event-schema.ts';
import { createSandbox, parseNdjson } from '../support/slipway.ts';

const sandbox = createSandbox({ example: 'quickstart' });
const planFile = join(sandbox.dir, 'plan.json');
afterAll(() => sandbox.remove());

/** Runs a verb with --output json: exit code and events, each as documented. */
async function stream(
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly types: readonly string[]; readonly events: readonly Record<string, unknown>[] }> {
  const result = await sandbox.run([...args, '--output', 'json']);
  expect(result.stderr, args.join(' ')).toBe('');
  const events = parseNdjson(result.stdout);
  expect(events.flatMap(problemsOf), args.join(' ')).toEqual([]);
  return { code: result.code, types: events.map((event) => String(event['type'])), events };
}

describe('with --output json', () => {
  beforeAll(async () => {
    expect((await stream('plan', '--out', planFile)).code).toBe(0);
  });

  it('up says everything from plan to result', async () => {
    const { code, types } = await stream('up', planFile, '--yes');
    expect(code).toBe(0);
    expect(types[0]).toBe('version');
    expect(types).toEqual(
      expect.arrayContaining(['run.started', 'plan.made', 'step.intended', 'step.applied', 'step.verified', 'run.finished', 'result']),
    );
    expect(types.at(-1)).toBe('result');
  });

  it.each([
    ['validate', 0],
    ['plan --detailed-exitcode', 0],
    ['up', 0],
    ['status', 0],
    ['kubeconfig', 0],
    ['kubeconfig nope', 64],
    ['logs demo kube-apiserver --tail 5', 0],
    ['journal show', 0],
    ['journal verify', 0],
    ['doctor', 0],
    ['toolchain list', 0],
    ['toolchain build etcd', 0],
    ['unlock --confirm nobody:1', 0],
    ['init fresh --name fresh', 0],
    ['explain Cluster.spec.gitops', 0],
    ['explain SLW-CLI-004', 0],
    ['schema', 0],
    ['completion zsh', 0],
    ['version', 0],
    ['down', 64],
    ['validate -f nowhere', 65],
    ['upp', 64],
  ] as const)('%s ends with %d', async (line, exit) => {
    const { code, types } = await stream(...line.split(' '));
    expect(types[0]).toBe('version');
    expect(types).toContain(exit === 0 ? 'result' : 'error');
    expect(code).toBe(exit);
  });

  it('status --watch shows an edit happen', async () => {
    const watch = sandbox.start(['status', '--watch', '--output', 'json']);
    let seen = '';
    const first = new Promise<void>((resolve) =>
      watch.child.stdout?.on('data', (text: string) => ((seen += text), seen.includes('\n{') && resolve())),
    );
    await first;
    sandbox.put({ 'fleet/promotions/watched.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: watched, namespace: shop}\n' });
    expect((await stream('up', '--yes')).code).toBe(0);
    const revisions = (): readonly string[] => [
      ...new Set([...seen.matchAll(/"revision":"main@sha1:([0-9a-f]+)"/g)].map((match) => match[1] ?? '')),
    ];
    await expect.poll(revisions, { timeout: 30_000 }).toHaveLength(2);
    watch.child.kill('SIGINT');
    const { stdout } = await watch.result;
    expect(parseNdjson(stdout).flatMap(problemsOf)).toEqual([]);
  });

  it('a journal replays: its events are as documented, and every renderer takes them', async () => {
    const { events } = await stream('journal', 'show');
    const rows = events.filter((event) => event['type'] === 'result').map((event) => event['data'] as { readonly event: unknown });
    expect(rows.flatMap((row) => problemsOf(row.event))).toEqual([]);
    const [plain, tty, rowsOnly] = [
      await sandbox.run(['journal', 'show', '--output', 'plain']),
      await sandbox.run(['journal', 'show', '--output', 'tty']),
      await sandbox.run(['journal', 'show']),
    ];
    expect(plain.stdout).toMatch(/^\d\d:\d\d:\d\dZ up demo \(run /m);
    expect(tty.stdout).toContain('✔ run etcd of demo');
    expect(parseNdjson(rowsOnly.stdout)).toHaveLength(rows.length);
  });

  it('down ends with a result', async () => {
    const { code, types } = await stream('down', '--confirm', 'demo');
    expect([code, types.at(-1)]).toEqual([0, 'result']);
  });
});
