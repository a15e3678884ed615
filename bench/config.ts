/** How long a large project takes to load and check: 1,000 clusters in one file; the peer is parsing the same YAML and nothing else. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { loadProject } from '../src/config/load.ts';
import { createNodeHost } from '../src/host/node.ts';
import { type BenchRow, median } from './row.ts';

const CLUSTERS = 1000;
const BUDGET_MS = 1000;

const document = (i: number): string => `apiVersion: slipway.dev/v1alpha1
kind: Cluster
metadata: {name: c${i}}
spec:
  provisioner: local
  gitops:
    repositories:
      fleet:
        git: {url: https://git.example.com/fleet.git, branch: main}
        kustomizations:
          platform: {path: ./platform, postBuild: {substitute: {CLUSTER: c${i}}}}
          apps: {path: ./clusters/c${i}, dependsOn: [platform]}
`;

export async function benchConfig(): Promise<readonly BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
  const text = Array.from({ length: CLUSTERS }, (_, i) => document(i)).join('---\n');
  writeFileSync(join(folder, 'slipway.yaml'), text);
  const host = createNodeHost();
  const ours: number[] = [];
  const peer: number[] = [];
  for (let round = 0; round < 5; round++) {
    ours.push(await timed(() => loadProject(host, folder)));
    peer.push(await timed(async () => parseAllDocuments(text)));
  }
  rmSync(folder, { recursive: true });
  const ms = median(ours);
  return [
    {
      what: `load and check ${CLUSTERS} clusters`,
      ours: ms,
      unit: 'ms',
      peer: { name: 'YAML parsing alone', value: median(peer) },
      budget: `<= ${BUDGET_MS}`,
      kept: ms <= BUDGET_MS,
    },
  ];
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
