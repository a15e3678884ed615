import { defineConfig } from 'vitest/config';

/**
 * `unit`: beside the code and test/house, parallel, seconds. `real`: real components (API servers, controllers, kills), two files at a
 * time: each has a process registry of its own, and most of their time is waiting.
 */
export default defineConfig({
  test: {
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
