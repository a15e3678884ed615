/**
 * A network and an EKS cluster on the account that stands in for AWS, whose creates take the times AWS documents ÷ 20: what Slipway itself
 * costs beside tofu, and what its plan costs beside a bare `tofu plan` in the same work folders. The provider is that of the test bed.
 */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { parse } from 'yaml';
import { createAwsBed } from '../test/support/aws-bed.ts';
import { startEksApi } from '../test/support/eks-api.ts';
import { startExistingCluster } from '../test/support/existing-cluster.ts';
import { createSandbox, type Sandbox } from '../test/support/slipway.ts';
import { builtTofu } from '../test/support/tofu-bed.ts';
import { type BenchRow, median } from './row.ts';

const ROOT = join(import.meta.dirname, '..');
const DIVIDED_BY = 20;
const ROUNDS = 3;
const MODULES = ['network-main/aws-network', 'cluster-prod/aws-eks'] as const;

const PROJECT = `apiVersion: slipway.dev/v1alpha1
kind: Project
metadata: {name: acme}
spec: {defaults: {timeout: 60m}}
---
apiVersion: slipway.dev/v1alpha1
kind: Network
metadata: {name: main}
spec:
  provider: aws
  aws: {region: eu-west-1}
  cidr: 10.0.0.0/16
---
apiVersion: slipway.dev/v1alpha1
kind: Cluster
metadata: {name: prod}
spec:
  provisioner: eks
  eks:
    region: eu-west-1
    version: "1.34"
    network: {vpcId: {output: Network/main.vpcId}, subnetIds: {output: Network/main.privateSubnetIds}}
    dmzCidrs: [10.0.0.0/16]
    nodePools: {infra: {minSize: 1}, workers: {minSize: 2}}
`;

interface AwsFigures {
  readonly up: Cost;
  readonly secondUp: Cost;
  readonly plans: readonly Cost[];
  /** Wall clock of `tofu plan` in one folder after the other, in ms. */
  readonly barePlans: readonly number[];
  readonly isSecondEmpty: boolean;
}

/** Of one command: seconds of the processor for us, and for each tofu with its provider. */
interface Cost {
  readonly ms: number;
  readonly ownCpu: number;
  readonly tofuCpu: number;
  /** `plan`, `init`, …, one for each tofu. */
  readonly tofuRuns: readonly string[];
  readonly code: number | null;
  readonly output: string;
}

export async function benchAws(): Promise<readonly BenchRow[]> {
  return toRows(await measureAws());
}

async function measureAws(): Promise<AwsFigures> {
  const cluster = await startExistingCluster();
  const api = await startEksApi(parse(cluster.kubeconfig) as Parameters<typeof startEksApi>[0], 'prod');
  const bed = await createAwsBed({ timesDividedBy: DIVIDED_BY, clusterApi: api });
  const sandbox = createSandbox({ files: { 'slipway.yaml': PROJECT } });
  try {
    const meter = await createMeter(sandbox, bed.env);
    must(await meter.slipway('plan'));
    const up = must(await meter.slipway('up', '--yes'));
    const secondUp = must(await meter.slipway('up', '--yes'));
    const plans: Cost[] = [];
    const barePlans: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      plans.push(must(await meter.slipway('plan', '--detailed-exitcode')));
      barePlans.push(await meter.barePlan());
    }
    must(await meter.slipway('down', '--confirm', 'acme'));
    return { up, secondUp, plans, barePlans, isSecondEmpty: !secondUp.tofuRuns.includes('apply') && bed.account().length === 0 };
  } finally {
    await sandbox.remove();
    await bed.close();
    api.close();
    await cluster.stop();
  }
}

function must(cost: Cost): Cost {
  if (cost.code !== 0) throw new Error(`a command of the bench ended with ${cost.code}:\n${cost.output.slice(-4000)}`);
  return cost;
}

interface Meter {
  slipway(...args: readonly string[]): Promise<Cost>;
  /** ms for all modules, one after the other. */
  barePlan(): Promise<number>;
}

async function createMeter(sandbox: Sandbox, bedEnv: Readonly<Record<string, string>>): Promise<Meter> {
  const tofu = await builtTofu();
  const log = join(sandbox.dir, 'tofu-times');
  const own = join(sandbox.dir, 'own-times');
  const bin = join(sandbox.dir, 'tofu');
  const hook = join(sandbox.dir, 'cpu.mjs');
  writeFileSync(bin, `#!/bin/sh\nexec /usr/bin/time -q -a -o '${log}' -f "$1 %U %S" '${tofu}' "$@"\n`);
  chmodSync(bin, 0o755);
  writeFileSync(
    hook,
    `import { writeFileSync } from 'node:fs';\nprocess.on('exit', () => { const { user, system } = process.cpuUsage(); writeFileSync(process.env.BENCH_CPU, String((user + system) / 1e6)); });\n`,
  );
  const env = {
    ...process.env,
    ...sandbox.env,
    ...bedEnv,
    NO_COLOR: '1',
    // The launcher of the product keeps a compile cache, too.
    NODE_COMPILE_CACHE: join(sandbox.dir, 'compile'),
    PATH: `${sandbox.dir}${delimiter}${process.env['PATH'] ?? ''}`,
  };
  const slipway = async (...args: readonly string[]): Promise<Cost> => {
    for (const file of [log, own]) rmSync(file, { force: true });
    const argv = ['--disable-warning=ExperimentalWarning', '--import', hook, join(ROOT, 'src', 'cli', 'main.ts'), ...args];
    const run = await timed(process.execPath, argv, { cwd: sandbox.project, env: { ...env, BENCH_CPU: own } });
    const runs = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
    const tofuCpu = runs.reduce((sum, line) => sum + line.split(' ').slice(-2).map(Number).reduce(add, 0), 0);
    return { ...run, ownCpu: Number(readFileSync(own, 'utf8')), tofuCpu, tofuRuns: runs.map((line) => line.split(' ')[0] ?? '') };
  };
  const barePlan = async (): Promise<number> => {
    let sum = 0;
    for (const module of MODULES) {
      const cwd = join(sandbox.project, '.slipway', 'acme', 'tofu', module);
      const { code, ms, output } = await timed(tofu, ['plan', '-no-color', '-input=false', '-detailed-exitcode'], { cwd, env });
      if (code !== 0) throw new Error(`tofu plan in ${cwd} ended with ${code}:\n${output}`);
      sum += ms;
    }
    return sum;
  };
  return { slipway, barePlan };
}

const add = (a: number, b: number): number => a + b;

function timed(
  program: string,
  args: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<{ readonly ms: number; readonly code: number | null; readonly output: string }> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output, ms: performance.now() - started }));
  });
}

function toRows({ up, secondUp, plans, barePlans, isSecondEmpty }: AwsFigures): readonly BenchRow[] {
  const plan = median(plans.map(({ ms }) => ms)) / 1000;
  const bare = median(barePlans) / 1000;
  const inits = [secondUp, ...plans].flatMap(({ tofuRuns }) => tofuRuns.filter((run) => run === 'init')).length;
  const applies = secondUp.tofuRuns.filter((run) => run === 'apply').length;
  return [
    {
      what: `Network + EKS, AWS' times ÷ ${DIVIDED_BY}: processor time in \`up\`, ours beside tofu's`,
      ours: up.ownCpu,
      unit: 's',
      peer: { name: `${up.tofuRuns.length} runs of tofu and provider`, value: up.tofuCpu },
      budget: '<= 5 % of tofu',
      kept: up.ownCpu <= 0.05 * up.tofuCpu,
    },
    { what: 'Network + EKS: first `up`, wall clock', ours: up.ms / 1000, unit: 's', budget: '', kept: true },
    {
      what: 'Network + EKS: `plan` of a converged project',
      ours: plan,
      unit: 's',
      peer: { name: 'bare tofu plan, one folder after the other', value: bare },
      budget: '<= 1.5 x bare',
      kept: plan <= 1.5 * bare,
    },
    {
      what: 'Network + EKS: `tofu apply` in a second `up`',
      ours: applies,
      unit: 'runs',
      budget: '0',
      kept: applies === 0 && isSecondEmpty,
    },
    { what: 'Network + EKS: `tofu init` where nothing changed', ours: inits, unit: 'runs', budget: '0', kept: inits === 0 },
    { what: 'Network + EKS: second `up`, wall clock', ours: secondUp.ms / 1000, unit: 's', budget: '', kept: true },
  ];
}
