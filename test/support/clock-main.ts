/** The product's main on a machine whose clock stands elsewhere: `SLIPWAY_TEST_CLOCK_MS` is added to every reading of it. */
const offset = Number(process.env['SLIPWAY_TEST_CLOCK_MS']);
const now = Date.now.bind(Date);
Date.now = () => now() + offset;

await import('../../src/cli/main.ts');
