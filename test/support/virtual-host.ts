/** The real host with a clock that tests own: sleeping moves it on at once, so that retries and bounds cost no time. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock, Host } from '../../src/host/host.ts';
import { createNodeHost } from '../../src/host/node.ts';

export interface VirtualClock extends Clock {
  /** Moves the time on and rings what is due. */
  advance(ms: number): void;
  /** All sleeps so far, in ms. */
  readonly sleeps: readonly number[];
}

export interface VirtualHost extends Host {
  readonly clock: VirtualClock;
}

const EPOCH = Date.UTC(2026, 0, 1);

export function createVirtualClock(): VirtualClock {
  let time = 0;
  const sleeps: number[] = [];
  const alarms = new Set<{ every: number; next: number; ring: () => void }>();
  const advance = (ms: number): void => {
    time += ms;
    for (const alarm of alarms) {
      while (alarms.has(alarm) && alarm.next <= time) {
        alarm.next += alarm.every;
        alarm.ring();
      }
    }
  };
  return {
    sleeps,
    advance,
    now: () => EPOCH + time,
    monotonic: () => time,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      sleeps.push(ms);
      advance(ms);
    },
    every: (every, ring) => {
      const alarm = { every, next: time + every, ring };
      alarms.add(alarm);
      return () => void alarms.delete(alarm);
    },
    timeout: (ms) => {
      const controller = new AbortController();
      const alarm = { every: ms, next: time + ms, ring: () => controller.abort(new DOMException('timed out', 'TimeoutError')) };
      alarms.add(alarm);
      return controller.signal;
    },
  };
}

const real = createNodeHost();

export function createVirtualHost(): VirtualHost {
  let count = 0;
  const random: Host['random'] = {
    bytes: (length) => Uint8Array.from({ length }, (_, index) => (count++ * 31 + index * 7) & 0xff),
    uuid: () => `00000000-0000-4000-8000-${String(count++).padStart(12, '0')}`,
    number: () => 0.5,
  };
  return { ...real, clock: createVirtualClock(), random };
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'slipway engine '));
}
