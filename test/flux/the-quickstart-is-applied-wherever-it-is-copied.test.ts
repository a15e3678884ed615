import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadProject } from '../../src/config/load.ts';
import { fluxSteps } from '../../src/flux/steps.ts';
import { bringUp, type FluxWorld, host, startFluxWorld } from '../support/flux-world.ts';

let world: FluxWorld;
beforeAll(async () => {
  world = await startFluxWorld();
});
afterAll(() => world.stop());

describe('examples/quickstart', () => {
  it('is applied whole: platform, then applications with a Kustomization and a release of their own', async () => {
    const copy = join(world.dir, 'a copy');
    cpSync(join(import.meta.dirname, '../../examples/quickstart'), copy, { recursive: true });
    const project = await loadProject(host, copy);
    const gitops = project.clusters[0]?.gitops;
    if (!gitops) throw new Error('the quickstart has no gitops');
    const records = new Map();
    const steps = fluxSteps(world.options(gitops));
    await bringUp(steps.slice(0, 1), { records });
    await world.startControllers();
    const begun = performance.now();
    await bringUp(steps, { records });
    console.log(`quickstart applied ${Math.round(performance.now() - begun)} ms after the controllers were started`);
    const get = async (apiVersion: string, kind: string, name: string) =>
      await world.client.get({ apiVersion, kind, namespace: 'shop', name });
    expect(await get('shop.example.com/v1', 'Promotion', 'spring')).toMatchObject({ spec: { percent: 20 } });
    expect(await get('v1', 'ConfigMap', 'texts-fr')).toMatchObject({ data: { greeting: 'Welcome' } });
    expect(await get('v1', 'ConfigMap', 'settings')).toMatchObject({ data: { cluster: 'demo' } });
    const { changes } = await bringUp(steps, { records });
    expect(Object.values(changes).every(({ kind }) => kind === 'none')).toBe(true);
  });
});
