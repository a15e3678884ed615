/** Hidden `slipway serve eks-token`: a credential plugin (client.authentication.k8s.io/v1) for kubeconfigs of EKS clusters. */
import { connectAws } from '../../../aws/aws.ts';
import { eksToken, execCredential } from '../../../aws/eks.ts';
import type { CommandRun } from '../../context.ts';
import type { GlobalFlags } from '../../flags.ts';

export interface EksTokenFlags extends GlobalFlags {
  readonly cluster: string;
  readonly region: string;
  readonly profile?: string;
}

const run: CommandRun<EksTokenFlags> = async ({ host, redactor, signal, terminal }, { cluster, region, profile }) => {
  const aws = connectAws(host, { region, redactor, ...(profile !== undefined && { profile }) });
  try {
    // The one output that must not be redacted: whoever asks is the plugin's caller.
    terminal.stdout.write(`${JSON.stringify(execCredential(await eksToken(aws, cluster, signal)))}\n`);
  } finally {
    aws.close();
  }
  return 0;
};

export default run;
