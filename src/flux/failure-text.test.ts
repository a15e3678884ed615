import { describe, expect, it } from 'vitest';
import { tidy } from './failure-text.ts';

describe('tidy', () => {
  it.each([
    ['stat /tmp/kustomization-1/apps: no such file', 'stat apps: no such file'],
    ['stat /home/me/my project/tmp/kustomization-12/apps/web: no such file', 'stat apps/web: no such file'],
    [
      "accumulating resources from '/a b/kustomization-1/x.yaml': and '/a b/kustomization-2/y.yaml'",
      "accumulating resources from 'x.yaml': and 'y.yaml'",
    ],
    ['Promotion/shop/spring refused: in /a b/kustomization-1/x.yaml', 'Promotion/shop/spring refused: in x.yaml'],
    ['two\n  lines', 'two lines'],
  ])('%s', (message, text) => {
    expect(tidy(message)).toBe(text);
  });
});
