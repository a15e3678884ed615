/** Public keys as forges serve them: text, one on each line. One user's failure is that user's alone. */
import { get } from 'node:https';
import type { Host } from '../host/host.ts';
import type { SshUser } from './vpn.ts';

export interface FetchedKeys {
  /** By user; a user whose forge did not answer has what was known before. */
  readonly keys: Readonly<Record<string, readonly string[]>>;
  /** One sentence for each user that failed. */
  readonly failures: readonly string[];
}

const BOUND_MS = 10_000;
const MAX_BYTES = 64 * 1024;
const PUBLIC_KEY = /^(?:ssh-|ecdsa-|sk-)[A-Za-z0-9@.-]+ [A-Za-z0-9+/]+={0,3}(?: [^\r\n]*)?$/;

/** Fetches for all users at once; `known` is what was fetched before. */
export async function fetchKeys(
  host: Host,
  users: readonly SshUser[],
  { known, signal }: { readonly known: FetchedKeys['keys']; readonly signal: AbortSignal },
): Promise<FetchedKeys> {
  const remote = users.filter(({ keyUrls }) => keyUrls.length > 0);
  const results = await Promise.all(
    remote.map(async ({ name, keyUrls }) => {
      try {
        const bound = AbortSignal.any([signal, host.clock.timeout(BOUND_MS)]);
        const texts = await Promise.all(keyUrls.map((url) => fetchText(url, bound)));
        return { name, keys: texts.flatMap(keysIn) };
      } catch (error) {
        signal.throwIfAborted();
        return { name, keys: known[name] ?? [], failure: `keys of SSH user ${name} could not be fetched: ${(error as Error).message}` };
      }
    }),
  );
  return {
    keys: Object.fromEntries(results.map(({ name, keys }) => [name, keys])),
    failures: results.flatMap(({ failure }) => (failure === undefined ? [] : [failure])),
  };
}

/** Lines that are public keys; whatever else a server says is left out. */
export function keysIn(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => PUBLIC_KEY.test(line));
}

function fetchText(url: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { signal }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_BYTES) request.destroy(new Error(`${url} answers with more than ${MAX_BYTES} bytes`));
        else chunks.push(chunk);
      });
      response.once('error', reject);
      response.once('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString('utf8'));
        else reject(new Error(`${url} answers ${response.statusCode}`));
      });
    });
    request.once('error', reject);
  });
}
