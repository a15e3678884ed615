import { X509Certificate } from 'node:crypto';
import { connect, createServer, type TLSSocket } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAuthority, fingerprintOf, issueLeaf, type KeyAndCertificate, needsRenewal, validityOf } from './certificates.ts';

const NOW = Date.UTC(2026, 0, 1);
const DAY = 86_400_000;
const validity = { notBefore: NOW, notAfter: NOW + 90 * DAY };
const live = { notBefore: Date.now() - 60_000, notAfter: Date.now() + DAY };

describe('issueLeaf', () => {
  it('writes subject, names, usages and issuer into the certificate', async () => {
    const authority = await createAuthority({ commonName: 'test ca' }, { notBefore: NOW, notAfter: NOW + 365 * DAY });
    const leaf = await issueLeaf(authority, {
      subject: { commonName: 'a, b+c=d', organizations: ['system:masters', 'x'] },
      usages: ['server', 'client'],
      dnsNames: ['localhost'],
      ipAddresses: ['127.0.0.1'],
      validity,
    });
    const certificate = new X509Certificate(leaf.certificatePem);
    expect(certificate.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1');
    expect(certificate.subject).toContain('O=system:masters\nO=x\nCN=');
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(certificate.ca).toBe(false);
    const issuer = new X509Certificate(authority.certificatePem);
    expect(issuer.ca).toBe(true);
    expect(certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)).toBe(true);
    expect(validityOf(leaf.certificatePem)).toEqual(validity);
    expect(fingerprintOf(leaf.certificatePem)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('never outlives its authority', async () => {
    const authority = await createAuthority({ commonName: 'short' }, validity);
    const leaf = await issueLeaf(authority, {
      subject: { commonName: 'long' },
      usages: ['client'],
      validity: { notBefore: NOW - DAY, notAfter: NOW + 900 * DAY },
    });
    expect(validityOf(leaf.certificatePem)).toEqual(validity);
  });

  it('makes a chain that a TLS server and client accept in both directions, and a foreign client is refused', async () => {
    const authority = await createAuthority({ commonName: 'tls ca' }, live);
    const foreign = await createAuthority({ commonName: 'tls ca' }, live);
    const server = await issueLeaf(authority, {
      subject: { commonName: 'server' },
      usages: ['server'],
      ipAddresses: ['127.0.0.1'],
      validity: live,
    });
    const request = { subject: { commonName: 'client', organizations: ['team'] }, usages: ['client'] as const, validity: live };
    expect(await handshake({ authority, server, client: await issueLeaf(authority, request) })).toBe('team');
    expect(await handshake({ authority, server, client: await issueLeaf(foreign, request) })).toBe('refused');
  });
});

interface Parties {
  readonly authority: KeyAndCertificate;
  readonly server: KeyAndCertificate;
  readonly client: KeyAndCertificate;
}

/** What the server sees as the client's organization, or `refused`. */
function handshake({ authority, server, client }: Parties): Promise<string> {
  return new Promise((resolve) => {
    const listener = createServer(
      { ca: authority.certificatePem, cert: server.certificatePem, key: server.privateKeyPem, requestCert: true, rejectUnauthorized: true },
      (socket: TLSSocket) => {
        resolve(String(socket.getPeerCertificate().subject.O));
        socket.destroy();
        listener.close();
      },
    );
    listener.on('tlsClientError', () => {
      resolve('refused');
      listener.close();
    });
    listener.listen(0, '127.0.0.1', () => {
      const { port } = listener.address() as { port: number };
      connect({ host: '127.0.0.1', port, ca: authority.certificatePem, cert: client.certificatePem, key: client.privateKeyPem }).on(
        'error',
        () => undefined,
      );
    });
  });
}

describe('needsRenewal', () => {
  it('is due in the last third of the life and before its beginning, and at no other time', async () => {
    const { certificatePem } = await createAuthority({ commonName: 'x' }, validity);
    fc.assert(
      fc.property(fc.integer({ min: -30, max: 120 }), (day) => {
        expect(needsRenewal(certificatePem, NOW + day * DAY)).toBe(day < 0 || day > 60);
      }),
    );
  });
});
