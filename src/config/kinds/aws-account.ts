/** Which account and region of AWS, and with whose permission. Shared by networks and clusters on AWS. */
import * as z from 'zod';
import { line, secret, SECRET_NOTE } from './vocabulary.ts';

const ACCOUNT_ID = /^[0-9]{12}$/;
// arn:partition:iam::account:role/path, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
const ROLE_ARN = /^arn:aws[a-z-]*:iam::[0-9]{12}:role\/[\w+=,.@/-]+$/;
const REGION = /^[a-z]{2,3}(?:-[a-z]+)+-[0-9]{1,2}$/;

const credentials = z.strictObject({
  accessKeyId: secret().describe(`Access key id. ${SECRET_NOTE}`),
  secretAccessKey: secret().describe(`Secret access key. ${SECRET_NOTE}`),
  sessionToken: secret().exactOptional().describe(`Session token, for temporary credentials. ${SECRET_NOTE}`),
});

const assumeRole = z.strictObject({
  roleArn: z
    .string()
    .regex(ROLE_ARN, { error: 'must be the ARN of a role, such as arn:aws:iam::111122223333:role/platform' })
    .describe('ARN of the role.')
    .meta({ examples: ['arn:aws:iam::111122223333:role/platform'] }),
  externalId: line().exactOptional().describe('External id that the role asks for. Default: none.'),
  sessionName: line().exactOptional().describe('Name of the session, as CloudTrail shows it. Default: slipway-PROJECT.'),
});

export const roleArn = () => z.string().regex(ROLE_ARN, { error: 'must be the ARN of a role, such as arn:aws:iam::111122223333:role/name' });

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
    .describe('Profile of the shared AWS configuration files. Default: AWS_PROFILE, else the default profile.')
    .meta({ examples: ['platform'] }),
  credentials: credentials
    .exactOptional()
    .describe('Keys of the account. Default: what the environment gives, in the order of the AWS SDKs (variables, SSO, profile, instance role).'),
  assumeRole: assumeRole.exactOptional().describe('Role that is taken on with those credentials. Default: none.'),
} as const;

const awsAccount = z.strictObject(awsAccountFields);

export type AwsAccountSpec = z.output<typeof awsAccount>;

/** Tags of AWS: https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html */
export const awsTags = () =>
  z
    .record(
      z
        .string()
        .regex(/^(?!aws:)[\p{L}\p{N} _.:/=+@-]{1,128}$/iu, {
          error: 'must be the key of a tag: at most 128 letters, digits and _ . : / = + @ -, not beginning with aws:',
        }),
      z.string().max(256),
    )
    .default({})
    .meta({ examples: [{ team: 'platform' }] });
