/** Applies one manifest file as a whole program, as the peer does: `node apply-manifest.ts KUBECONFIG FILE`. */
import { readFileSync } from 'node:fs';
import { createNodeHost } from '../src/host/node.ts';
import { applyObjects } from '../src/kube/apply.ts';
import { createKubeClient } from '../src/kube/client.ts';
import { parseManifests } from '../src/kube/manifests.ts';

const [kubeconfigPath = '', file = ''] = process.argv.slice(2);
const host = createNodeHost();
const client = await createKubeClient(host, { kubeconfig: readFileSync(kubeconfigPath, 'utf8'), kubeconfigPath });
await applyObjects(
  client,
  parseManifests(readFileSync(file, 'utf8'), file).map(({ object }) => object),
  { host },
);
await client.close();
