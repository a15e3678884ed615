/** Which account and region of AWS, and with whose permission. Keys never stand in a project file. Shared by networks and clusters on AWS. */
import * as z from 'zod';
import { line } from './vocabulary.ts';

const ACCOUNT_ID = /^[0-9]{12}$/;
// arn:partition:iam::account:role/path, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
const ROLE_ARN = /^arn:aws[a-z-]*:iam::[0-9]{12}:role\/[\w+=,.@/-]+$/;
const REGION = /^[a-z]{2,3}(?:-[a-z]+)+-[0-9]{1,2}$/;

export const roleArn = () =>
  z.string().regex(ROLE_ARN, { error: 'must be the ARN of a role, such as arn:aws:iam::111122223333:role/name' });

/** Fields of an account; spread into the block of whatever lives in it. */
export const awsAccountFields = {
  region: z
    .string()
    .regex(REGION, { error: 'must be the name of a region, such as eu-central-1' })
    .describe('Region of AWS. Never taken from the environment, so that the same file always means the same place.')
    .meta({ examples: ['eu-central-1'] }),
  accountId: z
    .string()
    .regex(ACCOUNT_ID, { error: 'must be the 12 digits of an account, in quotes' })
    .exactOptional()
    .describe('Account that the credentials must belong to, in quotes; any other is refused before anything is done. Default: any.')
    .meta({ examples: ['111122223333'] }),
  profile: line()
    .exactOptional()
    .describe(
      'Profile of the shared AWS configuration files: keys, single sign-on or a role to take on. It goes before keys in the environment. Default: what the AWS tools find: keys in the environment, AWS_PROFILE, the role of the machine.',
    )
    .meta({ examples: ['platform'] }),
} as const;

const awsAccount = z.strictObject(awsAccountFields);

export type AwsAccountSpec = z.output<typeof awsAccount>;

/** Tags of AWS: https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html */
export const awsTags = () =>
  z
    .record(
      z.string().regex(/^(?!aws:)[\p{L}\p{N} _.:/=+@-]{1,128}$/iu, {
        error: 'must be the key of a tag: at most 128 letters, digits and _ . : / = + @ -, not beginning with aws:',
      }),
      z.string().max(256),
    )
    .default({})
    .meta({ examples: [{ team: 'platform' }] });
