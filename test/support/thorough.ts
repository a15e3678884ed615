/**
 * Whole matrices take hours on two cores: every run of the suites takes a sample of them, and `SLIPWAY_TEST_THOROUGH=1 npm run test:real`
 * takes them whole. `SLIPWAY_TEST_SEED` draws another sample.
 */
export const THOROUGH = process.env['SLIPWAY_TEST_THOROUGH'] === '1';

export const SEED = Number(process.env['SLIPWAY_TEST_SEED'] ?? 5);

/** Each `every`-th in their order, beginning where the seed says: `every` seeds in a row take them all. Never nothing. */
export function sampled<T>(all: readonly T[], every: number): readonly T[] {
  if (THOROUGH || all.length === 0) return all;
  const offset = SEED % Math.min(every, all.length);
  return all.filter((_each, index) => index % every === offset);
}
