import { join } from 'node:path';
import { describe } from 'vitest';
import { itKeepsItsWordInGo } from '../support/go-module.ts';
import { REPOSITORY } from '../support/slipway.ts';

describe('the agent of VPN hosts', () => {
  itKeepsItsWordInGo(join(REPOSITORY, 'toolchain', 'vpn-agent'), '.');
});
