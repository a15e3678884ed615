/** Programs of the user's own that run around what a document makes, changes or destroys. For every kind and provisioner. */
import * as z from 'zod';
import { duration, environmentName, label, line, value } from './vocabulary.ts';

export const HOOK_MOMENTS = ['beforeCreate', 'afterCreate', 'beforeUpdate', 'afterUpdate', 'beforeDestroy', 'afterDestroy'] as const;
export type HookMoment = (typeof HOOK_MOMENTS)[number];

const hook = z.strictObject({
  name: label()
    .describe('Name of the hook, unique among those of its moment; it stands in plan and journal.')
    .meta({ examples: ['register-dns'] }),
  run: line()
    .describe(
      'Program to run: path of an executable file, relative to the folder of this YAML file. It runs in that folder, without a shell.',
    )
    .meta({ examples: ['./hooks/register-dns.sh'] }),
  args: z
    .array(z.string().describe('One argument, given as it stands.'))
    .default([])
    .describe('Arguments. Never a secret: other users can read them. Default: none.'),
  env: z
    .record(environmentName(), value().describe('Value of the variable: text, {env: NAME}, {file: path} or {output: KIND/NAME.field}.'))
    .default({})
    .describe(
      'Variables of its environment, beside PATH, HOME and those that each hook has: SLIPWAY_PROJECT, SLIPWAY_SUBJECT, SLIPWAY_MOMENT, SLIPWAY_HOOK, SLIPWAY_OUTPUTS (a JSON file with what the document gives). Default: none.',
    )
    .meta({ examples: [{ ZONE: 'example.org' }] }),
  timeout: duration()
    .default('5m')
    .describe('Bound of its run; afterwards it is ended, and has failed. Default: 5m.')
    .meta({ examples: ['30s'] }),
  onFailure: z
    .enum(['fail', 'warn'])
    .default('fail')
    .describe('fail: what comes after it is not done. warn: the failure is said, and the run goes on. Default: fail.'),
});

const moment = (what: string) =>
  z
    .array(hook.describe('One program. It must be safe to run again: after a crash it may have run in part.'))
    .default([])
    .describe(`Programs to run ${what}, in this order. Default: none.`);

export const hooks = z.strictObject({
  beforeCreate: moment('before it is created'),
  afterCreate: moment('after it was created and found ready'),
  beforeUpdate: moment('before something of it is changed'),
  afterUpdate: moment('after something of it was changed'),
  beforeDestroy: moment('before it is destroyed'),
  afterDestroy: moment('after it was destroyed'),
});

export const hooksField = () => hooks.prefault({}).describe('Programs of your own around create, update and destroy. Default: none.');

export type HookSpec = z.output<typeof hook>;
export type HooksSpec = z.output<typeof hooks>;
