import { describe, expect, it } from 'vitest';
import { isFault, parseAddress } from './address.ts';

describe('parseAddress', () => {
  it.each([
    ['./fleet', '/p/fleet'],
    ['../fleet', '/fleet'],
    ['fleet', '/p/fleet'],
    ['/srv/fleet.git', '/srv/fleet.git'],
    ['.', '/p'],
    ['./github.com/a', '/p/github.com/a'],
    ['fleet/deep.er', '/p/fleet/deep.er'],
  ])('%s is a path', (text, path) => {
    expect(parseAddress(text, '/p')).toEqual({ kind: 'path', path });
  });

  it.each([
    ['https://github.com/a/b.git', 'https'],
    ['http://127.0.0.1:8080/b', 'http'],
    ['ssh://git@github.com/a/b.git', 'ssh'],
    ['ssh://git@[::1]:2222/b', 'ssh'],
  ])('%s is a URL', (url, kind) => {
    expect(parseAddress(url, '/p')).toEqual({ kind, url });
  });

  it.each([
    ['git@github.com:a/b.git', 'SLW-CFG-036', 'write ssh://git@github.com/a/b.git'],
    ['me@host:b.git', 'SLW-CFG-036', 'write ssh://me@host/b.git'],
    ['github.com:a/b.git', 'SLW-CFG-036', 'write ssh://git@github.com/a/b.git'],
    ['host:a/b.git', 'SLW-CFG-036', 'write ssh://git@host/a/b.git'],
    ['github.com/a/b', 'SLW-CFG-036', 'write https://github.com/a/b, or ./github.com/a/b for a folder'],
    ['~/fleet', 'SLW-CFG-036', 'write the whole path'],
    ['file:///srv/fleet', 'SLW-CFG-036', 'write the path: /srv/fleet'],
    ['git://github.com/a/b', 'SLW-CFG-036', undefined],
    ['https://', 'SLW-CFG-036', undefined],
    ['https://a b/c', 'SLW-CFG-036', undefined],
    ['https://token@github.com/a/b', 'SLW-CFG-037', undefined],
    ['ssh://git:pass@github.com/a/b', 'SLW-CFG-037', undefined],
  ])('%s is refused', (text, code, fix) => {
    const address = parseAddress(text, '/p');
    expect(isFault(address) && [address.code, address.fix]).toEqual([code, fix]);
  });
});
