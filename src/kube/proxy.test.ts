import { describe, expect, it } from 'vitest';
import { proxyFromEnvironment } from './proxy.ts';

function proxyFor(server: string, variables: Readonly<Record<string, string>>): string | undefined {
  return proxyFromEnvironment({ get: (name) => variables[name] }, new URL(server))?.host;
}

describe('proxyFromEnvironment', () => {
  it.each([
    ['https://api.example.com', { HTTPS_PROXY: 'http://p:3128' }, 'p:3128'],
    ['https://api.example.com', { https_proxy: 'p:3128' }, 'p:3128'],
    ['https://api.example.com', { HTTPS_PROXY: 'ftp://p' }, undefined],
    ['https://api.example.com', {}, undefined],
    ['https://127.0.0.1:6443', { HTTPS_PROXY: 'http://p:1' }, undefined],
    ['https://localhost:6443', { HTTPS_PROXY: 'http://p:1' }, undefined],
    ['https://[::1]:6443', { HTTPS_PROXY: 'http://p:1' }, undefined],
    ['https://api.example.com', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '*' }, undefined],
    ['https://api.example.com', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'other, example.com' }, undefined],
    ['https://example.com', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '.example.com' }, 'p:1'],
    ['https://a.example.com', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '.example.com' }, undefined],
    ['https://badexample.com', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'example.com' }, 'p:1'],
    ['https://10.1.2.3:6443', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '10.0.0.0/8' }, undefined],
    ['https://11.1.2.3:6443', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '10.0.0.0/8' }, 'p:1'],
    ['https://api.example.com:6443', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'example.com:443' }, 'p:1'],
    ['https://api.example.com:6443', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'example.com:6443' }, undefined],
  ])('%s with %j goes through %s', (server, variables, expected) => {
    expect(proxyFor(server, variables)).toBe(expected);
  });
});
