/**
 * Whole matrices take hours on two cores: every run of the suites takes a sample of them, and `SLIPWAY_TEST_THOROUGH=1 npm run test:real`
 * takes them whole.
 */
export const THOROUGH = process.env['SLIPWAY_TEST_THOROUGH'] === '1';
