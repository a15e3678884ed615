/** Opens a tunnel and says where; ends when it is killed. Arguments: JSON of TunnelOptions without the signal. */
import { createNodeHost } from '../../src/host/node.ts';
import { openTunnel, type TunnelOptions } from '../../src/provisioners/eks/tunnel.ts';

const options = JSON.parse(process.argv[2] ?? '') as Omit<TunnelOptions, 'signal'>;
const tunnel = await openTunnel(createNodeHost(), { ...options, signal: new AbortController().signal });
process.stdout.write(`${tunnel.server}\n`);
setInterval(() => undefined, 60_000);
