/**
 * Keys of an AWS account, of a VPN (authority, server, control channel, client, SSH host) and of a state, through the whole life of a
 * network on the test bed. What tofu and its provider need they are given by the environment; nobody else gets it, and nothing else does.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectAws } from '../../src/aws/aws.ts';
import { createS3ObjectStore } from '../../src/aws/s3.ts';
import { createNodeHost } from '../../src/host/node.ts';
import type { VpnIdentity } from '../../src/vpn/identity.ts';
import { IDENTITY_KEY } from '../../src/vpn/layout.ts';
import { type AwsBed, createAwsBed } from '../support/aws-bed.ts';
import {
  type Canaries,
  canariesIn,
  canaryToken,
  type CommandRecorder,
  type ProcessSpy,
  recordCommands,
  spyOnProcesses,
} from '../support/canaries.ts';
import { withEnvironment } from '../support/moto.ts';
import { createSandbox, type Sandbox, type SlipwayResult } from '../support/slipway.ts';
import { builtTofu } from '../support/tofu-bed.ts';
import { files } from '../support/world.ts';

const project = (size = 50): string => `apiVersion: slipway.dev/v1alpha1
kind: Project
metadata: {name: acme}
spec: {state: {backend: local, passphrase: {env: STATE_KEY}}}
---
apiVersion: slipway.dev/v1alpha1
kind: Network
metadata: {name: main}
spec:
  provider: aws
  aws: {region: eu-west-1}
  cidr: 10.0.0.0/16
  vpn:
    clientsCidr: 192.168.200.0/24
    diskSize: ${size}
    sshUsers: {jane: {keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl jane"]}}
  hooks:
    afterCreate: [{name: look, run: ./look.sh}]
`;
/** Writes down all that a program of the user's is given. */
const LOOK = '#!/bin/sh\n{ env; cat "$SLIPWAY_OUTPUTS"; } >> "$(dirname "$0")/given"\n';

let bed: AwsBed;
let sandbox: Sandbox;
let commands: CommandRecorder;
let spy: ProcessSpy;
/** Known before anything runs. */
let planted: Canaries = {};
/** With what the run has made. */
let all: Canaries = {};
const said: { readonly args: string; readonly result: SlipwayResult }[] = [];

beforeAll(async () => {
  bed = await createAwsBed();
  sandbox = createSandbox({ files: { 'slipway.yaml': project() } });
  writeFileSync(join(sandbox.project, 'look.sh'), LOOK, { mode: 0o755 });
  planted = { awsKey: bed.env['AWS_SECRET_ACCESS_KEY'] ?? '', stateKey: canaryToken('state') };
  process.env['PATH'] = `${dirname(await builtTofu())}${delimiter}${process.env['PATH'] ?? ''}`;
  commands = recordCommands(sandbox.dir, ['tofu', 'git', 'ssh', 'ssh-keygen', 'go', 'node', 'env']);
  spy = spyOnProcesses(planted);
});
afterAll(async () => {
  spy?.stop();
  await sandbox?.remove();
  await bed?.close();
});

async function say(line: string, env: Readonly<Record<string, string>> = {}): Promise<SlipwayResult> {
  const result = await sandbox.run(line.split(' '), { env: { ...bed.env, STATE_KEY: planted['stateKey'], PATH: commands.path, ...env } });
  said.push({ args: line, result });
  return result;
}

async function must(line: string): Promise<SlipwayResult> {
  const result = await say(line);
  if (result.code !== 0) throw new Error(`slipway ${line} exited ${result.code}:\n${result.stdout}\n${result.stderr}`);
  return result;
}

const leaksOf = (text: string): readonly string[] => canariesIn(text, all);
const leaks = (): readonly string[] =>
  said.flatMap(({ args, result }) => leaksOf(result.stdout + result.stderr).map((found) => `${found} in the output of ${args}`));

/** What the VPN's bucket keeps, as an operator reads it. */
async function readIdentity(): Promise<VpnIdentity> {
  const aws = connectAws(withEnvironment(createNodeHost(), bed.env), { region: bed.region });
  const name = String(bed.account().find(({ type }) => type === 'aws_s3_bucket')?.id);
  const found = await createS3ObjectStore(aws, { bucket: { name, owner: bed.accountId } }).get(IDENTITY_KEY, new AbortController().signal);
  aws.close();
  return JSON.parse(Buffer.from(found?.body ?? []).toString('utf8')) as VpnIdentity;
}

/** Without the first line of a longer key: all keys of one curve begin alike. */
function ownPart(pem: string): string {
  const lines = pem.split('\n').filter((line) => line !== '' && !line.startsWith('-----'));
  return lines.slice(lines.length > 1 ? 1 : 0).join('\n');
}

const privateKeyIn = (text: string): string => /-----BEGIN PRIVATE KEY-----[\s\S]+?-----END PRIVATE KEY-----/.exec(text)?.[0] ?? '';

describe('keys of AWS, of a VPN and of a state', () => {
  it('do their work: a network with VPN hosts is made, and a client', async () => {
    await must(`plan -v --out ${join(sandbox.dir, 'plan.json')}`);
    await must('up --yes -v --output json');
    await must('vpn client add jane');
    await must('vpn client add jane --renew --out jane-2.ovpn');
    const { authority, server, sshHostKey, channelKey } = await readIdentity();
    const profiles = ['jane.ovpn', 'jane-2.ovpn'].map((name) => readFileSync(join(sandbox.project, name), 'utf8'));
    all = {
      ...planted,
      authority: ownPart(authority.privateKeyPem),
      server: ownPart(server.privateKeyPem),
      sshHostKey: ownPart(sshHostKey.privateKeyPem),
      channelKey,
      ...Object.fromEntries(profiles.map((text, index) => [`client ${index}`, ownPart(privateKeyIn(text))])),
    };
    expect(Object.entries(all).filter(([, secret]) => secret.length < 20)).toEqual([]);
    expect(canariesIn(profiles.join('\n'), all).length).toBeGreaterThan(0);
  });

  it('do not show in any verb, whichever way it speaks, and however it ends', async () => {
    writeFileSync(join(sandbox.project, 'slipway.yaml'), project(60));
    await say('plan -v --output tty');
    bed.fault({ type: 'aws_launch_template', operation: 'update', effect: 'denied', times: 99 });
    expect((await say('up --yes -v --output plain')).code).toBe(77);
    bed.clearFaults();
    await say('plan -v --output json', { AWS_SECRET_ACCESS_KEY: `${planted['awsKey']}x` });
    await say('plan -v', { STATE_KEY: `${planted['stateKey']}x` });
    for (const verb of ['status -v', 'vpn status', 'vpn client list', 'journal show', 'doctor']) await say(verb);
    await must('vpn client revoke jane');
    expect(leaks()).toEqual([]);
    expect(leaksOf(readFileSync(join(sandbox.dir, 'plan.json'), 'utf8'))).toEqual([]);
  });

  it('are in no file of the state, and every file there is private', () => {
    const state = join(sandbox.project, '.slipway');
    const names = Object.keys(files(state, { skip: () => false, content: () => true })).filter(
      (name) => !name.endsWith('/') && !name.includes('/.terraform/providers/'),
    );
    expect(names.some((name) => name.endsWith('journal.db'))).toBe(true);
    expect(names.some((name) => name.endsWith('/terraform.tfstate'))).toBe(true);
    expect(names.some((name) => /aws-vpn\/\.slipway\/.*\.log$/.test(name))).toBe(true);
    const text = (name: string): string => readFileSync(join(state, name), 'latin1');
    expect(names.flatMap((name) => leaksOf(text(name)).map((what) => `${what} in ${name}`))).toEqual([]);
    const vpc = String(bed.account().find(({ type }) => type === 'aws_vpc')?.id);
    expect(names.filter((name) => /tfstate|tfplan/.test(name) && text(name).includes(vpc))).toEqual([]);
    const open = names.filter(
      (name) => statSync(join(state, name)).mode & 0o077 && !/\.gitignore$|\.lock\.hcl$|\/\.terraform\//.test(name),
    );
    expect(open).toEqual([]);
    expect(['jane.ovpn', 'jane-2.ovpn'].map((name) => statSync(join(sandbox.project, name)).mode & 0o777)).toEqual([0o600, 0o600]);
  });

  it('are not given to programs of the user', () => {
    const given = readFileSync(join(sandbox.project, 'given'), 'utf8');
    expect(given).toContain('SLIPWAY_MOMENT=afterCreate');
    expect(leaksOf(given)).toEqual([]);
  });

  it('are in nothing that hosts may read before they are hosts: user data and tags', () => {
    const things = bed.account().filter(({ type }) => type !== 'aws_s3_object');
    expect(things.some(({ attributes }) => typeof attributes['user_data'] === 'string' && attributes['user_data'] !== '')).toBe(true);
    expect(leaksOf(JSON.stringify(things))).toEqual([]);
    const userData = things.flatMap(({ attributes }) => Buffer.from(String(attributes['user_data'] ?? ''), 'base64').toString('latin1'));
    expect(leaksOf(userData.join('\n'))).toEqual([]);
  });

  it('are in argv of no process, and in the environment of tofu and its provider alone', async () => {
    await must('down --confirm acme');
    spy.stop();
    expect(commands.saw('tofu')).toBe(true);
    expect([...spy.programs]).toEqual(expect.arrayContaining(['tofu']));
    expect(leaksOf([...spy.argvs].join('\n'))).toEqual([]);
    // The key of AWS is the same in all test beds, so only the other one tells whose process it was.
    // In the middle of an exec a process has no argv; it is looked at again when it has one.
    const ofState = spy.sightings.filter((sighting) => sighting.startsWith('stateKey') && !/ of \d+ $/.test(sighting));
    expect(ofState.length).toBeGreaterThan(0);
    expect(ofState.filter((sighting) => !/\btofu\b|terraform-provider-aws/.test(sighting))).toEqual([]);
    // argv stands before the environment in what the shims wrote, and only tofu's environment may hold any.
    const calls = commands.calls().split(/^(?=(?:tofu|git|ssh|ssh-keygen|go|node|env) \[)/m);
    expect(calls.flatMap((call) => leaksOf(call.startsWith('tofu ') ? (call.split(' env:')[0] ?? '') : call))).toEqual([]);
    expect(leaks()).toEqual([]);
    expect(bed.account()).toEqual([]);
  });
});
