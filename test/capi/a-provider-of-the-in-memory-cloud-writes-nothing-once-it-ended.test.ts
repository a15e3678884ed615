import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AUDIT_POLICY, readAudit } from '../support/capi-audit.ts';
import {
  createCluster,
  createInMemoryWorld,
  createMachine,
  type InMemoryWorld,
  type ManagementServer,
  until,
} from '../support/in-memory-cloud.ts';

const PARALLEL = 4;
let folder: string;
let world: InMemoryWorld;
let server: ManagementServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-audit-'));
  writeFileSync(join(folder, 'policy.yaml'), AUDIT_POLICY);
  world = await createInMemoryWorld();
  server = await world.manage([`--audit-policy-file=${join(folder, 'policy.yaml')}`, `--audit-log-path=${join(folder, 'audit.log')}`]);
});
afterAll(async () => {
  await world.close();
  rmSync(folder, { recursive: true });
});

/** When the provider's writes were taken, ms since the epoch; it has no other client of its name. */
const writes = (): readonly { readonly from: number; readonly to: number }[] =>
  readAudit(join(folder, 'audit.log')).filter(({ agent }) => agent.includes('slipway-in-memory-provider'));
const presentCount = async (): Promise<number> => (await (await world.cloud()).state()).machines.filter(({ present }) => present).length;
/** When the last manager was begun, ms since the epoch. */
const lastStart = async (): Promise<number> => {
  const started = (await (await world.cloud()).events()).findLast(({ type }) => type === 'manager.started');
  return Date.parse(started?.time ?? '');
};

describe('a provider of the in-memory cloud', () => {
  it('writes nothing once its process ended, however much it had to do', async () => {
    await createCluster(server.client, 'shop');
    let total = 0;
    const add = (): Promise<void> => createMachine(server.client, `machine-${++total}`, { cluster: 'shop' });
    for (let round = 1; round <= 3; round++) {
      const pod = await server.attach();
      const before = await presentCount();
      const enough = new AbortController();
      const makers = Array.from({ length: PARALLEL }, async () => {
        while (!enough.signal.aborted) await add();
      });
      await until('it is in the middle of its work', async () => (await presentCount()) > before);
      expect(await pod.end('SIGTERM')).toBe(0);
      const ended = Date.now();
      enough.abort();
      await Promise.all(makers);
      // The next one has something to write, so what is looked for could be there.
      await add();
      const next = await server.attach();
      await until('every machine is there', async () => (await presentCount()) === total);
      const begun = await lastStart();
      const taken = writes();
      expect(taken.some(({ to }) => to <= ended)).toBe(true);
      expect(taken.some(({ from }) => from >= begun)).toBe(true);
      expect(taken.filter(({ from, to }) => to > ended && from < begun)).toEqual([]);
      await next.end('SIGTERM');
    }
  });

  it('ends with its reason when it cannot start', async () => {
    unlinkSync(join(server.api.folder, 'webhooks', 'tls.crt'));
    const pod = await server.launch();
    expect(await pod.ended).toBe(1);
    expect(pod.log()).toContain('tls.crt: no such file or directory');
    expect((await (await world.cloud()).state()).managers).toEqual([]);
  });
});
