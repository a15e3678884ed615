/** A cluster that is already there: how it is reached. Also the way to a bootstrap cluster that is already there. */
import * as z from 'zod';
import { environmentName, exactlyOne, line } from './vocabulary.ts';

const kubeconfig = exactlyOne(
  z.strictObject({
    file: line()
      .exactOptional()
      .describe('Path of a kubeconfig, relative to the folder of this YAML file.')
      .meta({ examples: ['./kubeconfig'] }),
    env: environmentName()
      .exactOptional()
      .describe('Environment variable that holds a kubeconfig, or the path of one.')
      .meta({ examples: ['KUBECONFIG'] }),
    output: line()
      .exactOptional()
      .describe('The kubeconfig of another cluster of the project: `Cluster/NAME.kubeconfig`.')
      .meta({ examples: ['Cluster/mgmt.kubeconfig'] }),
  }),
  ['file', 'env', 'output'],
).meta({ writeOnly: true });

export const existing = z.strictObject({
  kubeconfig: kubeconfig.describe('How to reach the cluster. A secret: never shown, never copied into the journal.'),
  context: line()
    .exactOptional()
    .describe('Context in the kubeconfig. Default: its current context.')
    .meta({ examples: ['admin@prod'] }),
});

export type ExistingSpec = z.output<typeof existing>;
