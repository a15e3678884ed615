/** Kind Project: what holds for the whole project. Optional; always the first document. */
import * as z from 'zod';
import { awsAccountFields } from './aws-account.ts';
import { site } from './site.ts';
import { API_VERSION, duration, line, metadata, secret, SECRET_NOTE } from './vocabulary.ts';

/** Designed, not built yet; refused by name instead of as an unknown word. */
export const RESERVED_BACKENDS = ['gcs', 'azblob'] as const;

const s3 = z.strictObject({
  ...awsAccountFields,
  bucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, {
      error: 'must be the name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens',
    })
    .exactOptional()
    .describe(
      'Name of the bucket. It is made when it is not there: versioned, encrypted, private, TLS only. Default: slipway-PROJECT-ACCOUNT-REGION.',
    )
    .meta({ examples: ['acme-slipway-state'] }),
  prefix: z
    .string()
    .regex(/^[\w!.*'()-]+(?:\/[\w!.*'()-]+)*$/, { error: 'must be a path of letters, digits and hyphens, without / at its ends' })
    .exactOptional()
    .describe('Path in the bucket below which everything of the project lies. Default: the name of the project.')
    .meta({ examples: ['platform/prod'] }),
  kmsKeyArn: line().exactOptional().describe('Key of KMS that encrypts the bucket. Default: the bucket’s own (SSE-S3).'),
});

const state = z.strictObject({
  backend: z
    .enum(['local', 's3'])
    .default('local')
    .describe(
      'Where the state of OpenTofu is kept, and the lock and journal of runs. local: a folder on this machine. s3: a bucket, for people who work together. Default: local.',
    ),
  dir: line()
    .exactOptional()
    .describe(
      'State folder, relative to the folder of this file. Default: .slipway/NAME beside the project file; --state-dir goes before both.',
    )
    .meta({ examples: ['../state/demo'] }),
  s3: s3.exactOptional().describe('Settings of backend s3. Required with it.'),
  passphrase: secret()
    .exactOptional()
    .describe(
      `Passphrase that local state of OpenTofu is encrypted with. ${SECRET_NOTE} Default: a generated key in the state folder, without which the state cannot be read.`,
    ),
});

const defaults = z.strictObject({
  timeout: duration()
    .default('5m')
    .describe('Bound of each wait of a run, when --timeout does not say otherwise. Default: 5m.')
    .meta({ examples: ['10m'] }),
  parallel: z
    .number()
    .int()
    .min(1)
    .max(256)
    .default(10)
    .describe('How many steps run at the same time, when --parallel does not say otherwise. Default: 10.')
    .meta({ examples: [4] }),
});

export const projectSpec = z.strictObject({
  state: state.prefault({}).describe('Where the project keeps its state.'),
  defaults: defaults.prefault({}).describe('Defaults of the verbs for this project.'),
  site: site
    .prefault({})
    .describe('What the place where the clusters live asks of each of them: registries, Git servers, proxy, authorities.'),
});

export const projectDocument = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).describe('Version of the format.'),
    kind: z.literal('Project').describe('Kind of the document.'),
    metadata: metadata().describe('Name of the project.'),
    spec: projectSpec.prefault({}).describe('What holds for the whole project.'),
  })
  .describe('What holds for the whole project: its name, where its state is, defaults. Optional, and always the first document.');

export type ProjectDocument = z.output<typeof projectDocument>;
export type StateSpec = ProjectSpec['state'];
export type ProjectSpec = z.output<typeof projectSpec>;
