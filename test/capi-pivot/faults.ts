/**
 * Faults between Slipway and each API server, by a proxy and by ending the servers themselves. What is asked each time: the pivot either goes
 * through or stops with a code and something to do, nothing is half-owned meanwhile, and the same command completes once the fault is over.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Fault, type FaultProxy, proxyTarget, type SeenRequest, startFaultProxy } from '../support/fault-proxy.ts';
import { describeRun, type PivotRunOptions, type PivotRunResult, runPivotChild } from '../support/pivot-run.ts';
import { expectMoved, expectUntouchedMachines, type PivotSuite } from '../support/pivot-suite.ts';
import { createRandom } from '../support/storm.ts';
import { THOROUGH } from '../support/thorough.ts';

const SEED = 11;

export function faultScenarios(suite: PivotSuite): void {
  describe('through bad luck', () => {
    let proxies: { readonly source: FaultProxy; readonly target: FaultProxy };

    beforeEach(async () => {
      const { world } = suite.management;
      const [source, target] = await Promise.all(
        [world.source, world.target].map(async (end) => startFaultProxy(proxyTarget(await end.kubeconfig()))),
      );
      if (!source || !target) throw new Error('no proxy');
      proxies = { source, target };
    });
    afterEach(() => Promise.all(Object.values(proxies).map((proxy) => proxy.close())));

    const run = (options: PivotRunOptions = {}): Promise<PivotRunResult> =>
      runPivotChild(suite.management.world, {
        ...options,
        kubeconfigs: { source: proxies.source.kubeconfig, target: proxies.target.kubeconfig },
        pivot: { timeoutMs: 30_000, ...options.pivot },
      });
    const both = (rule: ((seen: SeenRequest) => Fault | undefined) | undefined): void => {
      for (const proxy of Object.values(proxies)) proxy.inject(rule);
    };
    const isWrite = ({ method, path }: SeenRequest): boolean => method !== 'GET' && !path.includes('dryRun=');

    /** Again and again, as a person or a pipeline would. */
    const untilDone = async (most: number, options: PivotRunOptions = {}): Promise<readonly PivotRunResult[]> => {
      const stopped: PivotRunResult[] = [];
      for (let round = 0; round < most; round++) {
        const result = await run(options);
        if (result.code === 0) return stopped;
        expectCleanStop(result);
        stopped.push(result);
      }
      throw new Error(`not done after ${most} runs, the last one: ${describeRun(stopped.at(-1) ?? (await run()))}`);
    };

    function expectCleanStop(result: PivotRunResult): void {
      expect(result.killed, describeRun(result)).toBe(false);
      expect(result.error?.code, describeRun(result)).toMatch(/^SLW-(KUB|PIV|CAP)-\d{3}$/);
      expect(result.error?.fix).toMatch(/\w/);
    }

    test('gets through refusals, errors, broken connections, lost replies and slowness on both sides', async () => {
      const random = createRandom(SEED);
      both(() => {
        const drawn = random();
        if (drawn < 0.03) return { kind: 'status', code: 429, retryAfterSeconds: 1 };
        if (drawn < 0.05) return { kind: 'status', code: 500 };
        if (drawn < 0.06) return { kind: 'reset' };
        if (drawn < 0.07) return { kind: 'lose-reply' };
        return drawn < 0.2 ? { kind: 'slow', ms: 100 } : undefined;
      });
      await untilDone(25);
      expect(proxies.source.faults + proxies.target.faults).toBeGreaterThan(20);
      await expectMoved(suite);
    });

    test('does not trust a reply it never got: each write to the target is acted on, and its reply is lost once', async () => {
      const lost = new Set<string>();
      proxies.target.inject((seen) => {
        const key = `${seen.method} ${seen.path}`;
        if (!isWrite(seen) || lost.has(key) || lost.size >= 12) return undefined;
        lost.add(key);
        return { kind: 'lose-reply' };
      });
      await untilDone(16);
      expect(lost.size).toBeGreaterThanOrEqual(5);
      await expectMoved(suite);
    });

    test.runIf(THOROUGH)('stops within its bound when a server is silent, and goes on when it speaks again', async () => {
      let writes = 0;
      proxies.target.inject((seen) => (isWrite(seen) && (writes += 1) > 30 ? { kind: 'silence' } : undefined));
      const stopped = await run({ pivot: { timeoutMs: 5_000 } });
      expectCleanStop(stopped);
      await expectUntouchedMachines(suite);
      both(undefined);
      await untilDone(2);
      await expectMoved(suite);
    });

    test('stops at an expired certificate, before and in the middle, and goes on with a new one', async () => {
      proxies.source.useCertificate('expired');
      const before = await run();
      expectCleanStop(before);
      expect(before.error?.message).toMatch(/certificate|expired/i);
      proxies.source.useCertificate('valid');
      let writes = 0;
      proxies.target.inject((seen) => {
        if (isWrite(seen) && (writes += 1) === 20) proxies.target.useCertificate('expired');
        return undefined;
      });
      const middle = await run();
      expectCleanStop(middle);
      expect(middle.error?.message).toMatch(/certificate|expired/i);
      proxies.target.inject(undefined);
      proxies.target.useCertificate('valid');
      await untilDone(2);
      await expectMoved(suite);
    });

    test('survives an API server that is restarted under it', async () => {
      const { world } = suite.management;
      let writes = 0;
      let revived = Promise.resolve();
      proxies.target.inject((seen) => {
        if (isWrite(seen) && (writes += 1) === 25) revived = world.target.kill(/^kube-apiserver$/).then(() => world.target.revive());
        return undefined;
      });
      const first = await run();
      await revived;
      if (first.code !== 0) expectCleanStop(first);
      proxies.target.inject(undefined);
      await untilDone(3);
      await expectMoved(suite);
    });

    test('names the webhook that is down, has moved nothing, and goes on when it is back', async () => {
      const { world } = suite.management;
      await world.target.restKubelet();
      await world.target.kill(/^pod\.capi-system\./);
      const stopped = await run({ pivot: { timeoutMs: 5_000 } });
      expectCleanStop(stopped);
      expect(`${stopped.error?.message} ${JSON.stringify(stopped.error)}`).toMatch(/webhook/i);
      await expectUntouchedMachines(suite);
      await world.target.revive();
      await untilDone(2);
      await expectMoved(suite);
    });
  });
}
