import { describe, expect, it } from 'vitest';
import { Redactor } from '../core/redaction.ts';
import { createMemoryHost } from './memory-host.ts';
import { type Reference, resolveKubeconfig, resolveValue } from './references.ts';

const place = { secret: true, field: 'spec.token', subject: 'Cluster/demo', at: { file: 'slipway.yaml', line: 3, col: 7 } };
const host = createMemoryHost({
  files: {
    '/p/token': 'from a file\n\n',
    '/p/short': 'abc\n',
    '/p/kc': 'kind: Config\n',
    '/p/dir/x': '',
    '/p/huge': { content: 'x', size: 2 ** 21 },
  },
  env: { TOKEN: 'from the environment', EMPTY: '', SPACE: ' \n', SHORT: 'abc', KUBECONFIG: 'kc' },
});
const env = (name: string): Reference => ({ kind: 'env', name, ...place });
const file = (path: string): Reference => ({ kind: 'file', path, ...place });

describe('resolveValue', () => {
  it('reads variables, files and outputs, and redacts what is secret', async () => {
    const redactor = new Redactor();
    const outputs = (target: string, output: string) => `${output} of ${target}`;
    const options = { redactor, outputs };
    expect(await resolveValue(host, env('TOKEN'), options)).toBe('from the environment');
    expect(await resolveValue(host, file('/p/token'), options)).toBe('from a file');
    expect(await resolveValue(host, { kind: 'output', target: 'Cluster/a', output: 'server', ...place, secret: false }, options)).toBe(
      'server of Cluster/a',
    );
    expect(redactor.redact('from the environment, from a file, server of Cluster/a')).toBe('•••, •••, server of Cluster/a');
  });

  it('leaves text and plain references alone', async () => {
    const redactor = new Redactor();
    expect(await resolveValue(host, { kind: 'literal', text: ' x ' }, { redactor })).toBe(' x ');
    await resolveValue(host, { ...env('TOKEN'), secret: false }, { redactor });
    expect(await resolveValue(host, { ...env('SHORT'), secret: false }, { redactor })).toBe('abc');
    expect(redactor.redact('from the environment')).toBe('from the environment');
  });

  it.each([
    ['unset variable', env('UNSET'), 'SLW-CFG-032'],
    ['empty variable', env('EMPTY'), 'SLW-CFG-032'],
    ['blank variable', env('SPACE'), 'SLW-CFG-032'],
    ['short variable', env('SHORT'), 'SLW-CFG-034'],
    ['missing file', file('/p/gone'), 'SLW-CFG-033'],
    ['folder', file('/p/dir'), 'SLW-CFG-033'],
    ['huge file', file('/p/huge'), 'SLW-CFG-033'],
    ['short file', file('/p/short'), 'SLW-CFG-034'],
    ['unknown output', { kind: 'output', target: 'Cluster/a', output: 'server', ...place } as Reference, 'SLW-CFG-042'],
  ])('%s', async (_title, reference, code) => {
    await expect(resolveValue(host, reference, { redactor: new Redactor() })).rejects.toMatchObject({
      code,
      at: place.at,
      object: 'Cluster/demo',
    });
  });

  it('does not show a token that was typed in the place of a name', async () => {
    const failing = resolveValue(host, env('ghp_abcdef0123456789'), { redactor: new Redactor() });
    await expect(failing).rejects.toMatchObject({ message: expect.not.stringContaining('abcdef') });
  });
});

describe('resolveKubeconfig', () => {
  it('says where the text came from, so that paths in it can be resolved', async () => {
    const options = { redactor: new Redactor() };
    expect(await resolveKubeconfig(host, env('KUBECONFIG'), options)).toEqual({ text: 'kind: Config', path: '/p/kc' });
    expect(await resolveKubeconfig(host, file('/p/kc'), options)).toEqual({ text: 'kind: Config', path: '/p/kc' });
  });
});
