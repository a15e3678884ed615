/** Kind Project: what holds for the whole project. Optional; always the first document. */
import * as z from 'zod';
import { site } from './site.ts';
import { API_VERSION, duration, line, metadata } from './vocabulary.ts';

/** Designed, not built yet; refused by name instead of as an unknown word. */
export const RESERVED_BACKENDS = ['s3', 'gcs', 'azblob'] as const;

const state = z.strictObject({
  backend: z
    .enum(['local'])
    .default('local')
    .describe('Where journal and lock are kept. This version offers local, a folder on this machine. Default: local.'),
  dir: line()
    .exactOptional()
    .describe(
      'State folder, relative to the folder of this file. Default: .slipway/NAME beside the project file; --state-dir goes before both.',
    )
    .meta({ examples: ['../state/demo'] }),
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
export type ProjectSpec = z.output<typeof projectSpec>;
