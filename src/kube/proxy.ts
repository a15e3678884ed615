/** The proxy that the environment names, by the rules of Go's net/http (golang.org/x/net/http/httpproxy), which kubectl follows. */
import type { Environment } from '../host/host.ts';
import { hostName, portOf } from './dial.ts';

/** Undefined: connect directly. Loopback and plain http are never proxied; what is no http(s) URL is ignored. */
export function proxyFromEnvironment(env: Pick<Environment, 'get'>, server: URL): URL | undefined {
  const text = variable(env, 'HTTPS_PROXY');
  const host = hostName(server);
  if (text === '' || server.protocol === 'http:' || isLoopback(host)) return undefined;
  if (isExcluded(variable(env, 'NO_PROXY'), host, portOf(server))) return undefined;
  const full = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  return url && /^https?:$/.test(url.protocol) ? url : undefined;
}

function variable(env: Pick<Environment, 'get'>, name: string): string {
  return env.get(name) || env.get(name.toLowerCase()) || '';
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** `*`, a name with its subdomains, `.name` for subdomains only, an address, a CIDR block, each with an optional port. */
function isExcluded(list: string, host: string, port: number): boolean {
  return list.split(',').some((raw) => {
    const entry = raw.trim().toLowerCase();
    if (entry === '' || entry === '*') return entry === '*';
    if (entry.includes('/')) return isInBlock(entry, host);
    const [, name = entry, wanted] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
    if (wanted !== undefined && Number(wanted) !== port) return false;
    const bare = name.replace(/^\*?\./, '');
    return host.endsWith(`.${bare}`) || (bare === name && host === name);
  });
}

/** IPv4 only: an IPv6 block never matches. */
function isInBlock(block: string, host: string): boolean {
  const [base = '', bits = ''] = block.split('/');
  const [address, network] = [toNumber(host), toNumber(base)];
  if (address === undefined || network === undefined || !/^\d+$/.test(bits) || Number(bits) > 32) return false;
  const size = 2 ** (32 - Number(bits));
  return Math.floor(address / size) === Math.floor(network / size);
}

function toNumber(address: string): number | undefined {
  const parts = address.split('.').map(Number);
  return parts.length === 4 && parts.every((part) => Number.isInteger(part) && part >= 0 && part < 256)
    ? parts.reduce((sum, part) => sum * 256 + part, 0)
    : undefined;
}
