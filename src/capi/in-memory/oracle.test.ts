import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createNodeHost } from '../../host/node.ts';
import type { Host } from '../../host/host.ts';
import { readCloud } from './oracle.ts';

interface Asked {
  readonly line: string;
  readonly authorization: string | undefined;
}

let server: Server;
let asked: Asked[];
let answer: { status: number; body: string };

beforeEach(async () => {
  asked = [];
  answer = { status: 200, body: '{}' };
  server = createServer((request, response) => {
    asked.push({ line: `${request.method} ${request.url}`, authorization: request.headers.authorization });
    response.writeHead(answer.status).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => server.close());

const address = (): string => `127.0.0.1:${(server.address() as AddressInfo).port}`;
const hostWith = (text: string | undefined): Host => {
  const real = createNodeHost();
  return { ...real, files: { ...real.files, readText: async () => text } };
};
const connected = async () => {
  const cloud = await readCloud(hostWith(JSON.stringify({ address: address(), token: 'secret-word' })), '/cloud.json');
  if (!cloud) throw new Error('no cloud');
  return cloud;
};

describe('readCloud', () => {
  it('knows no cloud without a file', async () => {
    expect(await readCloud(hostWith(undefined), '/cloud.json')).toBeUndefined();
  });

  it('asks with the token of the file', async () => {
    const cloud = await connected();
    answer.body = '[]';
    await cloud.events(7);
    await cloud.stopEndpoint('default/shop');
    await cloud.startEndpoint('default/shop');
    expect(asked.map(({ line }) => line)).toEqual([
      'GET /v1/events?after=7',
      'POST /v1/endpoints/default/shop/stop',
      'POST /v1/endpoints/default/shop/start',
    ]);
    expect(new Set(asked.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer secret-word']));
  });

  it('takes an answer for what it is', async () => {
    answer.body = '{"pid":7,"machines":[]}';
    expect(await (await connected()).state()).toEqual({ pid: 7, machines: [] });
  });

  it.each([
    ['a refusal', { status: 401, body: 'not permitted\n' }, '/v1/state answers 401 not permitted'],
    ['a fault', { status: 500, body: '' }, '/v1/state answers 500'],
  ])('names %s and never the token', async (_, given, words) => {
    answer = given;
    const error = await (await connected()).state().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'SLW-CAP-020', message: expect.stringContaining(words) });
    expect(JSON.stringify(error)).not.toContain('secret-word');
  });

  it('says that nobody answers', async () => {
    const cloud = await connected();
    await new Promise((resolve) => server.close(resolve));
    await expect(cloud.state()).rejects.toMatchObject({ code: 'SLW-CAP-020', message: expect.stringContaining('ECONNREFUSED') });
  });

  it('gives up with the signal, as the signal says', async () => {
    const reason = new Error('enough');
    await expect((await connected()).state(AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(asked).toEqual([]);
  });
});
