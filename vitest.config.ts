import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The longest first, and beside it the suites with VPN hosts: they take turns, so that two of them at a time would only wait. */
const FIRST: readonly string[] = ['/test/management/killed-beside', '/test/vpn/', '/test/capi-pivot/', '/test/management/'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const found = FIRST.findIndex((part) => moduleId.includes(part));
      return found < 0 ? FIRST.length : found;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

/**
 * `unit`: beside the code and test/house, parallel, seconds. `real`: real components (API servers, controllers, kills), two files at a
 * time: each has a process registry of its own, and most of their time is waiting.
 */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/house/**/*.test.ts', 'scripts/**/*.test.ts'],
          testTimeout: 20_000,
          pool: 'forks',
        },
      },
      {
        test: {
          name: 'real',
          include: ['test/**/*.test.ts'],
          exclude: ['test/house/**', 'node_modules/**'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          pool: 'forks',
          maxWorkers: 2,
        },
      },
    ],
  },
});
