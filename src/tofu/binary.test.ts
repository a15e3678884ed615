import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createNodeHost } from '../host/node.ts';
import { findTofu } from './binary.ts';
import { tofuEnvironment } from './environment.ts';

const host = createNodeHost();
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'slipway-find-tofu-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function program(name: string, answer: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\necho '${answer}'\n`);
  chmodSync(path, 0o755);
  return path;
}

const options = { signal: new AbortController().signal, report: () => undefined };
const find = (flavour?: 'opentofu' | 'terraform') => findTofu(host, { ...options, toolchainDir: folder, flavour });

it('takes tofu before terraform from the folder given, and the other only where it is asked for', async () => {
  const terraform = program('terraform', '{"terraform_version":"1.11.4","terraform_outdated":true}');
  expect(await find()).toEqual({ path: terraform, flavour: 'terraform', version: '1.11.4' });
  const tofu = program('tofu', '{"terraform_version":"1.12.6"}');
  expect(await find()).toEqual({ path: tofu, flavour: 'opentofu', version: '1.12.6' });
  expect(await find('terraform')).toMatchObject({ path: terraform });
});

it('refuses one that is too old or no tofu instead of passing it over', async () => {
  program('tofu', '{"terraform_version":"1.9.1"}');
  await expect(find()).rejects.toMatchObject({ code: 'SLW-TOF-001', message: expect.stringContaining('1.9.1') as string });
  program('tofu', 'tofu is made from soy');
  await expect(find()).rejects.toMatchObject({ code: 'SLW-TOF-002' });
});

it('passes on what a provider may need and nothing that would steer tofu', () => {
  const variables = {
    AWS_PROFILE: 'a',
    TF_CLI_ARGS: '-x',
    TF_VAR_stray: '1',
    TF_LOG: 'TRACE',
    TF_WORKSPACE: 'w',
    SLIPWAY_CACHE: '/c',
    HOME: '/h',
    TF_CLI_CONFIG_FILE: '/f',
  };
  const wrapped = { ...host, env: { ...host.env, variables: () => variables } };
  const binary = { path: '/tofu', flavour: 'opentofu', version: '1.12.6' } as const;
  const env = tofuEnvironment(wrapped, { binary, secrets: { password: 'x' }, env: { AWS_PROFILE: 'b' } });
  expect(env).toEqual({
    AWS_PROFILE: 'b',
    HOME: '/h',
    TF_CLI_CONFIG_FILE: '/f',
    TF_IN_AUTOMATION: '1',
    TF_INPUT: '0',
    CHECKPOINT_DISABLE: '1',
    TF_VAR_password: 'x',
  });
});
