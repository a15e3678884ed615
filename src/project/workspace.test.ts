import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Redactor } from '../core/redaction.ts';
import type { SlipwayEvent } from '../engine/events.ts';
import { createNodeHost } from '../host/node.ts';
import type { OperationOptions } from './operations.ts';
import { findProject, findProjectOrState, withReadable, withWritable } from './workspace.ts';

const VALID = 'apiVersion: slipway.dev/v1alpha1\nkind: Cluster\nmetadata: {name: demo}\nspec: {provisioner: local}\n';

let dir: string;
let events: SlipwayEvent[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-workspace-'));
  events = [];
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function options(extra: Partial<OperationOptions> = {}): OperationOptions {
  return {
    host: createNodeHost(),
    file: dir,
    only: [],
    signal: new AbortController().signal,
    redactor: new Redactor(),
    emit: (event) => events.push(event),
    ...extra,
  };
}

const project = (text: string): void => writeFileSync(join(dir, 'slipway.yaml'), text);

/** Makes the state of one project, as a run would leave it. */
async function makeState(): Promise<void> {
  project(VALID);
  const asked = options();
  await withWritable('up', { place: await findProject(asked), options: asked }, () => Promise.resolve());
}

describe('a project file that cannot be read', () => {
  it('is replaced by the one state beside it, and said', async () => {
    await makeState();
    project('kind: [');
    const place = await findProjectOrState(options());
    expect(place).toMatchObject({ name: 'demo', stateDir: join(dir, '.slipway', 'demo'), loaded: undefined });
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'finding', level: 'warning', message: expect.stringContaining('working from the state') }),
    );
  });

  it('is an error as before when there is no state', async () => {
    project('kind: [');
    await expect(findProjectOrState(options())).rejects.toMatchObject({ errors: [{ code: expect.stringMatching(/^SLW-CFG-/) }] });
  });

  it('leaves the choice to the user when there are several states', async () => {
    await makeState();
    mkdirSync(join(dir, '.slipway', 'other'));
    writeFileSync(join(dir, '.slipway', 'other', 'journal.db'), 'x');
    project('kind: [');
    await expect(findProjectOrState(options())).rejects.toMatchObject({ code: 'SLW-STA-012' });
  });

  it('does not hide that nothing of it may be planned', async () => {
    await makeState();
    project('kind: [');
    await expect(findProject(options())).rejects.toMatchObject({ errors: [expect.anything()] });
  });
});

describe('the state folder', () => {
  it('is private and hidden from Git', async () => {
    await makeState();
    expect(statSync(join(dir, '.slipway', 'demo')).mode & 0o777).toBe(0o700);
    expect(statSync(join(dir, '.slipway', 'demo', 'journal.db')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(dir, '.slipway', '.gitignore'), 'utf8')).toBe('*\n');
  });

  it('is given up by a run that fails', async () => {
    project(VALID);
    const asked = options();
    const place = await findProject(asked);
    await expect(withWritable('up', { place, options: asked }, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(withWritable('up', { place, options: asked }, () => Promise.resolve('again'))).resolves.toBe('again');
  });

  it('is not made by looking', async () => {
    project(VALID);
    const asked = options();
    const ledger = await withReadable(await findProject(asked), asked, (workspace) => Promise.resolve(workspace.ledger.size));
    expect(ledger).toBe(0);
    expect(() => statSync(join(dir, '.slipway'))).toThrow();
  });

  it('admits one writer at a time', async () => {
    project(VALID);
    const asked = options();
    const place = await findProject(asked);
    await withWritable('up', { place, options: asked }, async () => {
      await expect(withWritable('down', { place, options: asked }, () => Promise.resolve())).rejects.toMatchObject({
        code: 'SLW-STA-008',
        exit: 75,
      });
    });
  });
});

describe('what a document gives', () => {
  const record = (step: string, server: string) =>
    ({ step, state: 'applied', subject: 'Cluster/demo', needs: [], intent: {}, outputs: { server } }) as const;

  it('is its own, not that of a cluster that helps to make it', async () => {
    project(VALID);
    const asked = options();
    await withWritable('up', { place: await findProject(asked), options: asked }, async ({ ledger, context }) => {
      ledger.set('local/run-apiserver/demo-bootstrap', record('local/run-apiserver/demo-bootstrap', 'https://helper'));
      expect(context.outputs('Cluster/demo', 'server')).toBeUndefined();
      ledger.set('capi/reach-cluster/demo', record('capi/reach-cluster/demo', 'https://own'));
      expect(context.outputs('Cluster/demo', 'server')).toBe('https://own');
    });
  });
});
