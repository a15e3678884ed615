import { join } from 'node:path';
import { describe } from 'vitest';
import { itKeepsItsWordInGo } from '../support/go-module.ts';
import { REPOSITORY } from '../support/slipway.ts';

describe('the in-memory provider', () => {
  itKeepsItsWordInGo(join(REPOSITORY, 'toolchain'), './in-memory');
});
