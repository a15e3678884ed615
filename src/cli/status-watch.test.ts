import { expect, it } from 'vitest';
import { fitRows } from './status-watch.ts';

it('counts what does not fit on the screen', () => {
  expect(fitRows(['a', 'b', 'c'], 3)).toEqual(['a', 'b', 'c']);
  expect(fitRows(['a', 'b', 'c'], 2)).toEqual(['a', '… 2 more lines: slipway status shows all']);
  expect(fitRows(['a', 'b', 'c'], 0)).toEqual(['… 3 more lines: slipway status shows all']);
});
