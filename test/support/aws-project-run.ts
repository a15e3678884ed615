/** Network and EKS as one project by the command line on the test bed. Nothing answers at the private API: `up` gets as far as that. */
import { type AwsBed, type AwsResource, createAwsBed, type AwsBedOptions } from './aws-bed.ts';
import { createSandbox, type Sandbox, type SlipwayOptions, type SlipwayResult, type SlipwayRun } from './slipway.ts';

export interface PoolFields {
  readonly instanceTypes?: string;
}

/** The project alone with its network, to whose `spec` more may be added. */
export const AWS_NETWORK = `apiVersion: slipway.dev/v1alpha1
kind: Project
metadata: {name: acme}
spec: {}
---
apiVersion: slipway.dev/v1alpha1
kind: Network
metadata: {name: main}
spec:
  provider: aws
  aws: {region: eu-west-1, accountId: "123456789012"}
  cidr: 10.0.0.0/16
`;

export const awsProject = ({ instanceTypes = 'm7i.large' }: PoolFields = {}): string => `${AWS_NETWORK}---
apiVersion: slipway.dev/v1alpha1
kind: Cluster
metadata: {name: prod}
spec:
  provisioner: eks
  eks:
    region: eu-west-1
    version: "1.33"
    network: {vpcId: {output: Network/main.vpcId}, subnetIds: {output: Network/main.privateSubnetIds}}
    dmzCidrs: [10.0.0.0/16]
    nodePools: {infra: {minSize: 1, instanceTypes: [${instanceTypes}]}}
  access: {wait: 0s}
`;

export interface AwsProject {
  readonly bed: AwsBed;
  readonly sandbox: Sandbox;
  run(args: readonly string[]): Promise<SlipwayResult>;
  start(args: readonly string[]): SlipwayRun;
  /** What was not planted by the test. */
  made(): readonly AwsResource[];
  close(): Promise<void>;
}

export async function openAwsProject(options: AwsBedOptions = {}, text: string = awsProject()): Promise<AwsProject> {
  const bed = await createAwsBed(options);
  const sandbox = createSandbox({ files: { 'slipway.yaml': text } });
  const env: SlipwayOptions['env'] = bed.env;
  return {
    ...{ bed, sandbox },
    run: (args) => sandbox.run(args, { env }),
    start: (args) => sandbox.start(args, { env }),
    made: () => bed.account().filter(({ origin }) => origin !== 'planted'),
    close: async () => {
      await sandbox.remove();
      await bed.close();
    },
  };
}

/** All is made, and what is left is the way to the API. */
export const isMade = ({ code, stderr }: SlipwayResult): boolean => code === 75 && /SLW-EKS-00[1-6]/.test(stderr);

/** Runs `up` until all is made; how many runs that took. @throws with what the last one said when it takes too many */
export async function upUntilMade({ run }: AwsProject, most: number, consent: readonly string[] = ['--yes']): Promise<number> {
  let last: SlipwayResult | undefined;
  for (let runs = 1; runs <= most; runs++) {
    last = await run(['up', ...consent]);
    if (isMade(last)) return runs;
  }
  throw new Error(`not made in ${most} runs, the last exited ${last?.code}:\n${last?.stderr}\n${last?.stdout}`);
}

export async function downToNothing({ run }: AwsProject): Promise<void> {
  const { code, stdout, stderr } = await run(['down', '--confirm', 'acme']);
  if (code !== 0) throw new Error(`down exited ${code}:\n${stderr}\n${stdout}`);
}
