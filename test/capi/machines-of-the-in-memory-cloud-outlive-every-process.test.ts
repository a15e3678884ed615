import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CORE_API, INFRASTRUCTURE_API } from '../../src/capi/words.ts';
import type { CloudEvent } from '../../src/capi/in-memory/oracle.ts';
import type { KubeClient, KubeObject } from '../../src/kube/types.ts';
import {
  createCluster,
  createInMemoryWorld,
  createMachine,
  type InMemoryWorld,
  type ManagementServer,
  markProvisioned,
  type PodProcess,
  until,
} from '../support/in-memory-cloud.ts';

const MACHINES = ['shop-cp', 'shop-w1', 'shop-w2'];
let world: InMemoryWorld;
let source: ManagementServer;
let pod: PodProcess;

beforeAll(async () => {
  world = await createInMemoryWorld();
  source = await world.manage();
  pod = await source.attach();
});
afterAll(() => world.close());

const isMachine = ({ type }: CloudEvent): boolean => type.startsWith('machine.');
const machineEvents = async (after = 0): Promise<readonly string[]> =>
  (await (await world.cloud()).events(after)).filter(isMachine).map(({ type, machine }) => `${type} ${machine}`);
const present = async (): Promise<readonly string[]> =>
  (await (await world.cloud()).state()).machines
    .filter((machine) => machine.present)
    .map(({ name }) => name)
    .toSorted();
const lastSeq = async (): Promise<number> => (await (await world.cloud()).state()).lastSeq;
const devCluster = async (client: KubeClient): Promise<KubeObject | undefined> =>
  client.get({ apiVersion: INFRASTRUCTURE_API, kind: 'DevCluster', name: 'shop', namespace: 'default' });
const endpointPort = async (client: KubeClient): Promise<number | undefined> =>
  ((await devCluster(client))?.['spec'] as { controlPlaneEndpoint?: { port?: number } } | undefined)?.controlPlaneEndpoint?.port;
const isListening = async (): Promise<boolean> => (await (await world.cloud()).state()).endpoints.some(({ listening }) => listening);
const servers = async (): Promise<readonly string[]> => (await (await world.cloud()).state()).managers.map(({ server }) => server);

describe('the in-memory cloud', () => {
  it('makes machines of objects, writes each down once, and listens on loopback only', async () => {
    await createCluster(source.client, 'shop');
    await until('the endpoint has a port', async () => (await endpointPort(source.client)) !== undefined);
    for (const name of MACHINES) await createMachine(source.client, name, { cluster: 'shop', controlPlane: name === 'shop-cp' });
    await until('all machines are there', async () => (await present()).length === MACHINES.length);
    await until('the API server of the cluster listens', isListening);
    expect((await machineEvents()).toSorted()).toEqual(MACHINES.map((name) => `machine.created ${name}`).toSorted());
    const events = await (await world.cloud()).events();
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.filter(isMachine).every(({ manager, epoch }) => manager === source.api.url && epoch === 1)).toBe(true);
    // Its control endpoint, the webhooks, the cluster's API server: nothing else, and nothing that another host can reach.
    const addresses = await world.listening();
    expect(addresses).toHaveLength(3);
    expect(addresses.filter((address) => !address.startsWith('0100007F:'))).toEqual([]);
  });

  it('stops and starts an endpoint when a fault is wanted', async () => {
    const cloud = await world.cloud();
    await cloud.stopEndpoint('default/shop');
    expect(await isListening()).toBe(false);
    await cloud.startEndpoint('default/shop');
    expect(await isListening()).toBe(true);
    expect(await world.listening()).toHaveLength(3);
    await expect(cloud.stopEndpoint('default/other')).rejects.toMatchObject({ code: 'SLW-CAP-020' });
  });

  it('comes back after SIGKILL with the same machines on the same port', async () => {
    const [port, before] = [await endpointPort(source.client), await lastSeq()];
    await world.killCloud();
    await until('the provider is not ready', async () => !(await pod.ready()));
    expect((await world.ensure()).action).toBe('restarted');
    await until('all machines are back', async () => (await present()).length === MACHINES.length);
    await until('the API server of the cluster listens', isListening);
    await until('the provider is ready', pod.ready);
    expect((await machineEvents(before)).toSorted()).toEqual(MACHINES.map((name) => `machine.restored ${name}`).toSorted());
    const { endpoints, epoch } = await (await world.cloud()).state();
    expect({ endpoints, epoch }).toEqual({ endpoints: [{ cluster: 'default/shop', port, listening: true }], epoch: 2 });
    expect((await world.listening()).filter((address) => !address.startsWith('0100007F:'))).toEqual([]);
  });

  it('leaves a cluster alone as soon as its provider was killed, and goes on when it is back', async () => {
    const before = await lastSeq();
    await pod.end('SIGKILL');
    await until('no manager runs', async () => (await servers()).length === 0);
    await createMachine(source.client, 'shop-w3', { cluster: 'shop' });
    expect(await machineEvents(before)).toEqual([]);
    pod = await source.attach();
    await until('the new machine is there', async () => (await present()).includes('shop-w3'));
    expect(await machineEvents(before)).toEqual(['machine.created shop-w3']);
  });

  it('has stopped every reconciler by the time its provider ended by SIGTERM', async () => {
    const before = await lastSeq();
    expect(await pod.end('SIGTERM')).toBe(0);
    expect(await servers()).toEqual([]);
    expect((await (await world.cloud()).events(before)).map(({ type }) => type)).toEqual(['manager.stopped']);
    pod = await source.attach();
  });

  it('gives an API server to the newer of two providers, and back when that one ends', async () => {
    const newer = await source.attach();
    await until('the older one is not ready', async () => !(await pod.ready()));
    expect(await servers()).toEqual([source.api.url]);
    await newer.end('SIGTERM');
    await until('the older one is ready again', pod.ready);
    expect(await servers()).toEqual([source.api.url]);
  });

  it('comes back when provider and cloud were killed together', async () => {
    const before = await lastSeq();
    await Promise.all([pod.end('SIGKILL'), world.killCloud()]);
    await world.ensure();
    expect(await present()).toEqual([]);
    pod = await source.attach();
    await until('all machines are back', async () => (await present()).length === 4);
    expect((await machineEvents(before)).every((event) => event.startsWith('machine.restored '))).toBe(true);
  });

  it('sees no machine come or go when the objects move to another API server', async () => {
    const target = await world.manage();
    const targetPod = await target.attach();
    expect(await servers()).toEqual([source.api.url, target.api.url].toSorted());
    await pod.end('SIGTERM');
    const before = await lastSeq();
    await copyObjects(source.client, target.client);
    await until('the target has reconciled', async () => (await isReadyOnTarget(target.client)) && targetPod.ready());
    expect(await machineEvents(before)).toEqual([]);
    expect(await endpointPort(target.client)).toBe(await endpointPort(source.client));
    await target.client.delete({ apiVersion: INFRASTRUCTURE_API, kind: 'DevMachine', name: 'shop-w3', namespace: 'default' });
    await until('the machine is gone', async () => !(await present()).includes('shop-w3'));
    const [gone] = (await (await world.cloud()).events(before)).filter(isMachine);
    expect(gone).toMatchObject({ type: 'machine.deleted', machine: 'shop-w3', cluster: 'default/shop', manager: target.api.url });
  });
});

/** As a pivot does, in small: owners by their new identity, status not taken along. */
async function copyObjects(from: KubeClient, to: KubeClient): Promise<void> {
  const uids = new Map<string, string>();
  for (const kind of ['Secret', 'Cluster', 'DevCluster', 'Machine', 'DevMachine']) {
    const apiVersion = kind === 'Secret' ? 'v1' : kind.startsWith('Dev') ? INFRASTRUCTURE_API : CORE_API;
    for (const { metadata, status: _, ...rest } of (await from.list({ apiVersion, kind }, { namespace: 'default' })).items) {
      const { name, labels, annotations, finalizers, ownerReferences = [], uid = '' } = metadata;
      const owners = ownerReferences.map((owner) => ({ ...owner, uid: uids.get(owner.uid) ?? owner.uid }));
      const kept = { ...(labels && { labels }), ...(annotations && { annotations }), ...(finalizers && { finalizers }) };
      const made = await to.create({
        ...rest,
        apiVersion,
        kind,
        metadata: { name, namespace: 'default', ...kept, ownerReferences: owners },
      });
      uids.set(uid, made.metadata.uid ?? '');
      if (kind === 'Cluster') await markProvisioned(to, name);
    }
  }
}

async function isReadyOnTarget(client: KubeClient): Promise<boolean> {
  const { items } = await client.list({ apiVersion: INFRASTRUCTURE_API, kind: 'DevMachine' }, { namespace: 'default' });
  return (
    items.length === 4 &&
    items.every(
      (item) => (item['status'] as { initialization?: { provisioned?: boolean } } | undefined)?.initialization?.provisioned === true,
    )
  );
}
