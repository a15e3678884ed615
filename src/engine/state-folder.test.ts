import { cpSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/support/virtual-host.ts';
import { createNodeHost } from '../host/node.ts';
import { openState, readState } from './state-folder.ts';

const host = createNodeHost();

async function visit(dir: string): Promise<{ kind: string; stateId: string; from?: string }> {
  const { journal, kind, stateId, from } = await openState(host, dir);
  journal.close();
  return { kind, stateId, ...(from !== undefined && { from }) };
}

describe('a state folder', () => {
  it('is made private, and known again', async () => {
    const dir = join(temporaryFolder(), 'deep', 'state');
    const fresh = await visit(dir);
    expect(fresh.kind).toBe('fresh');
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(await visit(dir)).toEqual({ kind: 'same', stateId: fresh.stateId });
  });

  it('is closed to others when it was open', async () => {
    const dir = join(temporaryFolder(), 'state');
    mkdirSync(dir, { mode: 0o755 });
    await visit(dir);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
  });

  it('keeps its identity when it is moved', async () => {
    const base = temporaryFolder();
    const { stateId } = await visit(join(base, 'old'));
    renameSync(join(base, 'old'), join(base, 'new'));
    expect(await visit(join(base, 'new'))).toEqual({ kind: 'moved', stateId, from: join(base, 'old') });
    expect(await visit(join(base, 'new'))).toEqual({ kind: 'same', stateId });
  });

  it('is refused as a copy while the original exists, which stays usable', async () => {
    const base = temporaryFolder();
    await visit(join(base, 'original'));
    cpSync(join(base, 'original'), join(base, 'copy'), { recursive: true, preserveTimestamps: true });
    await expect(visit(join(base, 'copy'))).rejects.toMatchObject({
      code: 'SLW-STA-004',
      message: expect.stringContaining(join(base, 'original')),
    });
    expect((await visit(join(base, 'original'))).kind).toBe('same');
    rmSync(join(base, 'original'), { recursive: true });
    expect((await visit(join(base, 'copy'))).kind).toBe('moved');
  });

  it('is moved, not copied, when another project has taken its old place', async () => {
    const base = temporaryFolder();
    await visit(join(base, 'old'));
    renameSync(join(base, 'old'), join(base, 'new'));
    await visit(join(base, 'old'));
    expect((await visit(join(base, 'new'))).kind).toBe('moved');
  });

  it('is the same through a symbolic link', async () => {
    const base = temporaryFolder();
    await visit(join(base, 'real'));
    symlinkSync(join(base, 'real'), join(base, 'link'));
    expect((await visit(join(base, 'link'))).kind).toBe('same');
  });

  it('can be read before there is anything to read', async () => {
    expect(await readState(host, join(temporaryFolder(), 'none'))).toBeUndefined();
  });
});
