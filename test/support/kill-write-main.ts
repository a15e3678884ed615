/**
 * The product's main with decorated pivot writes that end its own process with SIGKILL right after the first write of one kind:
 * `SLIPWAY_TEST_KILL_WRITE="source|target/PURPOSE[/KIND]"`. The product knows nothing of it.
 */
import { PivotWrites } from '../../src/capi/pivot/writes.ts';
import type { KubeObject } from '../../src/kube/types.ts';

const [end, purpose, kind] = (process.env['SLIPWAY_TEST_KILL_WRITE'] ?? '').split('/');

for (const verb of ['create', 'update', 'delete'] as const) {
  const write = PivotWrites.prototype[verb] as (at: string, object: KubeObject, what: string) => Promise<KubeObject & boolean>;
  PivotWrites.prototype[verb] = async function decorated(at: string, object: KubeObject, what: string): Promise<KubeObject & boolean> {
    const result = await write.call(this, at, object, what);
    const isHit = at === end && what === purpose && (kind === undefined || object.kind === kind);
    if (isHit) process.kill(process.pid, 'SIGKILL');
    return result;
  };
}

await import('../../src/cli/main.ts');
