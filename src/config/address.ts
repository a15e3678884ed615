/** How repositories are addressed: a path, http(s):// or ssh://. Decides by form alone; touches nothing. */
import { resolve } from 'node:path';

export type Address = { readonly kind: 'path'; readonly path: string } | { readonly kind: 'http' | 'https' | 'ssh'; readonly url: string };

export interface AddressFault {
  readonly code: 'SLW-CFG-036' | 'SLW-CFG-037';
  /** Follows the name of the field; never holds a credential. */
  readonly message: string;
  readonly fix?: string;
}

/** `folder` is where relative paths start. */
export function parseAddress(text: string, folder: string): Address | AddressFault {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme !== undefined) return parseUrl(text, scheme);
  return refusePath(text) ?? { kind: 'path', path: resolve(folder, text) };
}

export function isFault(address: Address | AddressFault): address is AddressFault {
  return 'code' in address;
}

function parseUrl(text: string, scheme: string): Address | AddressFault {
  if (scheme === 'file')
    return { code: 'SLW-CFG-036', message: 'is a file:// URL', fix: `write the path: ${text.slice('file://'.length)}` };
  if (!isReadScheme(scheme)) return { code: 'SLW-CFG-036', message: `begins with ${scheme}://, which Flux does not read` };
  const url = URL.canParse(text) && !/\s/.test(text) ? new URL(text) : undefined;
  if (!url?.hostname) return { code: 'SLW-CFG-036', message: 'is no valid URL' };
  return findCredentials(url) ?? { kind: scheme, url: text };
}

function isReadScheme(scheme: string): scheme is 'http' | 'https' | 'ssh' {
  return scheme === 'http' || scheme === 'https' || scheme === 'ssh';
}

function findCredentials(url: URL): AddressFault | undefined {
  if (url.password !== '') return { code: 'SLW-CFG-037', message: 'holds a password' };
  if (url.protocol !== 'ssh:' && url.username !== '') return { code: 'SLW-CFG-037', message: 'holds a user name or token' };
  return undefined;
}

function refusePath(text: string): AddressFault | undefined {
  const scp = /^(?:([\w.-]+)@)?([\w.-]+\.[\w.-]+|[\w.-]+(?=:[^\\/]*\/)):(.+)$/.exec(text) ?? /^([\w.-]+)@([\w.-]+):(.+)$/.exec(text);
  if (scp)
    return {
      code: 'SLW-CFG-036',
      message: `is ${JSON.stringify(text)}, which is no URL`,
      fix: `write ssh://${scp[1] ?? 'git'}@${scp[2]}/${scp[3]?.replace(/^\//, '')}`,
    };
  if (text.startsWith('~'))
    return { code: 'SLW-CFG-036', message: `is ${JSON.stringify(text)}, but ~ is not expanded`, fix: 'write the whole path' };
  // A folder may be called like a host, but then ./ says so; without it a forgotten https:// is far more likely.
  if (/^[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|dev)\//.test(text))
    return {
      code: 'SLW-CFG-036',
      message: `is ${JSON.stringify(text)}, which looks like a URL without https://`,
      fix: `write https://${text}, or ./${text} for a folder`,
    };
  return undefined;
}
