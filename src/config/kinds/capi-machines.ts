/** Machines of a cluster that Cluster API makes: the control plane and the pools of workers. Shapes only. */
import * as z from 'zod';
import { duration, label, line } from './vocabulary.ts';

const positive = () => z.number().int().min(1).max(1_000_000);

const rootVolume = z.strictObject({
  sizeGiB: positive()
    .describe('Size of the volume in GiB.')
    .meta({ examples: [50] }),
  type: line()
    .exactOptional()
    .describe('Volume type of the cloud. Default: the cloud’s own.')
    .meta({ examples: ['gp3'] }),
});

/** Fields of one machine; which of them an infrastructure takes is said in rules/capi-fields.ts. */
export const machine = z.strictObject({
  image: line()
    .exactOptional()
    .describe(
      'Image the machine starts from. Only with infrastructure docker (a node image; default: kindest/node of the version) and openstack (name of an image in Glance that holds the Kubernetes version).',
    )
    .meta({ examples: ['ubuntu-24.04-kube-v1.36.3'] }),
  flavor: line()
    .exactOptional()
    .describe('Flavor of the server. Only with infrastructure openstack.')
    .meta({ examples: ['m1.large'] }),
  instanceType: line()
    .exactOptional()
    .describe('Type of the EC2 instance. Only with infrastructure aws.')
    .meta({ examples: ['m7i.large'] }),
  ami: z
    .string()
    .regex(/^ami-[0-9a-f]{8,17}$/, { error: 'must be the id of an AMI, such as ami-0123456789abcdef0' })
    .exactOptional()
    .describe('Id of the AMI. Only with infrastructure aws. Default: the provider looks one up for the Kubernetes version.')
    .meta({ examples: ['ami-0123456789abcdef0'] }),
  iamInstanceProfile: line()
    .exactOptional()
    .describe(
      'IAM instance profile. Only with infrastructure aws. Default: those of the provider’s own CloudFormation stack, one for the control plane and one for workers.',
    ),
  rootVolume: rootVolume
    .exactOptional()
    .describe('Root volume. Only with infrastructure openstack and aws. Default: what the flavor or image brings.'),
  template: line()
    .exactOptional()
    .describe('Template or virtual machine that is cloned. Only with infrastructure vsphere.')
    .meta({ examples: ['ubuntu-2404-kube-v1.36.3'] }),
  cpus: positive()
    .exactOptional()
    .describe('Number of CPUs. Only with infrastructure vsphere. Default: 2.')
    .meta({ examples: [4] }),
  memoryMiB: positive()
    .exactOptional()
    .describe('Memory in MiB. Only with infrastructure vsphere. Default: 8192.')
    .meta({ examples: [16384] }),
  diskGiB: positive()
    .exactOptional()
    .describe('Disk in GiB, not less than the template’s. Only with infrastructure vsphere. Default: 40.')
    .meta({ examples: [80] }),
});

/** Durations of a MachineHealthCheck, https://cluster-api.sigs.k8s.io/tasks/automated-machine-management/healthchecking */
const healthCheck = (unhealthyLimit: string) =>
  z.strictObject({
    enabled: z.boolean().default(true).describe('Whether a machine that stays unhealthy is replaced. Default: true.'),
    timeout: duration()
      .default('5m')
      .describe('How long a node may be not ready or unknown before its machine is replaced. Default: 5m.')
      .meta({ examples: ['10m'] }),
    nodeStartupTimeout: duration()
      .default('20m')
      .describe('How long a machine may take to become a node. Default: 20m.')
      .meta({ examples: ['30m'] }),
    unhealthyLimit: z
      .string()
      .regex(/^(?:100|[1-9]?[0-9])%$/, { error: 'must be a share in quotes such as "40%"' })
      .default(unhealthyLimit)
      .describe(`Replace nothing while more machines than this share are unhealthy. Default: ${unhealthyLimit}.`)
      .meta({ examples: ['50%'] }),
  });

const healthCheckField = (unhealthyLimit: string) =>
  healthCheck(unhealthyLimit).prefault({}).describe('When a machine is replaced because it is unhealthy (a MachineHealthCheck).');

const machineField = () => machine.prefault({}).describe('What the machines are. Default: what capi.machine says, field by field.');

const taint = z.strictObject({
  key: line()
    .describe('Key of the taint.')
    .meta({ examples: ['dedicated'] }),
  value: line().exactOptional().describe('Value of the taint. Default: none.'),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).describe('What the taint does to pods.'),
});

export const controlPlane = z.strictObject({
  replicas: z
    .number()
    .int()
    .min(1)
    .max(9)
    .default(1)
    .describe('Machines of the control plane: an odd number, because each also holds a member of etcd. Default: 1.')
    .meta({ examples: [3] }),
  machine: machineField(),
  healthCheck: healthCheckField('40%'),
});

export const workerPool = z.strictObject({
  replicas: z
    .number()
    .int()
    .min(0)
    .max(10_000)
    .default(1)
    .describe('Machines of the pool. Default: 1.')
    .meta({ examples: [3] }),
  machine: machineField(),
  failureDomain: line()
    .exactOptional()
    .describe('Failure domain of the pool: an availability zone, for most clouds. Default: the provider chooses.')
    .meta({ examples: ['eu-central-1a'] }),
  labels: z
    .record(line(), z.string())
    .default({})
    .describe('Labels the nodes register with. Default: none.')
    .meta({ examples: [{ 'node-role.example.com/ingress': '' }] }),
  taints: z.array(taint).default([]).describe('Taints the nodes register with. Default: none.'),
  healthCheck: healthCheckField('40%'),
});

export const workers = z
  .record(label(), workerPool.describe('One pool of equal machines (a MachineDeployment); its name is the key.'))
  .default({})
  .describe('Pools of worker machines, by name. Default: none.');

export type MachineSpec = z.output<typeof machine>;
export type ControlPlaneSpec = z.output<typeof controlPlane>;
export type WorkerPoolSpec = z.output<typeof workerPool>;
export type HealthCheckSpec = ControlPlaneSpec['healthCheck'];
