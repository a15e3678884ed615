/** A state backend of type `http` as its documentation says, with locks that outlive their owners and failures on demand. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HttpState {
  readonly config: Readonly<Record<string, string>>;
  /** As it was posted last. */
  state(): string | undefined;
  lock(): Readonly<Record<string, string>> | undefined;
  /** A lock of somebody else. */
  plantLock(lock: Readonly<Record<string, string>>): void;
  /** From now on a state is refused, or taken again. */
  refuse(refused: boolean): void;
  close(): Promise<void>;
}

export async function createHttpState(): Promise<HttpState> {
  let state: string | undefined;
  let lock: string | undefined;
  let refused = false;
  const answers: Readonly<Record<string, (body: string) => readonly [status: number, body: string]>> = {
    GET: () => (state === undefined ? [404, ''] : [200, state]),
    POST: (body) => {
      if (refused) return [503, 'not now'];
      state = body;
      return [200, ''];
    },
    DELETE: () => {
      state = undefined;
      return [200, ''];
    },
    LOCK: (body) => {
      if (lock !== undefined) return [423, lock];
      lock = body;
      return [200, ''];
    },
    UNLOCK: (body) => {
      const given = body === '' ? undefined : (JSON.parse(body) as { ID?: string }).ID;
      if (lock !== undefined && given !== (JSON.parse(lock) as { ID?: string }).ID) return [409, lock];
      lock = undefined;
      return [200, ''];
    },
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const [status, body] = answers[request.method ?? '']?.(Buffer.concat(chunks).toString()) ?? [405, ''];
      response.writeHead(status).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/state`;
  return {
    config: { address, lock_address: address, unlock_address: address, lock_method: 'LOCK', unlock_method: 'UNLOCK', retry_max: '0' },
    state: () => state,
    lock: () => (lock === undefined ? undefined : (JSON.parse(lock) as Record<string, string>)),
    plantLock: (planted) => (lock = JSON.stringify(planted)),
    refuse: (wanted) => (refused = wanted),
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
