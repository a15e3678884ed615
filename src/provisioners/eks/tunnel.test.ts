import { describe, expect, it } from 'vitest';
import { sshArguments } from './tunnel.ts';

const TARGET = { host: 'abc.eks.amazonaws.com', port: 443 };

describe('the command line of a tunnel', () => {
  it('checks host keys, asks nobody, and forwards one loopback port', () => {
    const args = sshArguments(4711, {
      bastion: { user: 'jane', host: '203.0.113.10', port: 2222 },
      identityFile: '/k',
      knownHosts: '/my hosts',
      target: TARGET,
    });
    expect(args.join(' ')).toContain('-L 127.0.0.1:4711:abc.eks.amazonaws.com:443');
    expect(args).toEqual(
      expect.arrayContaining([
        'BatchMode=yes',
        'StrictHostKeyChecking=yes',
        'ExitOnForwardFailure=yes',
        'IdentitiesOnly=yes',
        'UserKnownHostsFile="/my hosts"',
      ]),
    );
    expect(args.slice(-3)).toEqual(['-i', '/k', 'jane@203.0.113.10']);
  });

  it('leaves to ssh what the project does not say', () => {
    const args = sshArguments(4711, {
      bastion: { user: undefined, host: 'fd00::1', port: 22 },
      identityFile: undefined,
      knownHosts: undefined,
      target: { host: 'fd00::2', port: 443 },
    });
    expect(args.join(' ')).toContain('-L 127.0.0.1:4711:[fd00::2]:443');
    expect(args.join(' ')).not.toMatch(/UserKnownHostsFile|IdentitiesOnly| -i /);
    expect(args.at(-1)).toBe('fd00::1');
  });
});
