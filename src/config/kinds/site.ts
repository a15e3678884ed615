/** `spec.site` of a Project: what the place where its clusters live asks of each of them. Written once, used on every cluster. */
import * as z from 'zod';
import { atMostOne, line, secret, SECRET_NOTE, value } from './vocabulary.ts';

const HOST = /^[a-z0-9](?:[-.a-z0-9]*[a-z0-9])?(?::[0-9]{1,5})?$/;
const hostName = () => z.string().regex(HOST, { error: 'must be a host name, with :PORT where it is not the usual one' });

const certificates = () => value().meta({ examples: ['-----BEGIN CERTIFICATE-----…'] });

const registry = z.strictObject({
  username: value()
    .exactOptional()
    .describe('User name at the registry: text, {env: NAME} or {file: path}. Only together with password. Default: anonymous.')
    .meta({ examples: ['robot'] }),
  password: secret().exactOptional().describe(`Password or token at the registry. ${SECRET_NOTE}`),
  mirror: line()
    .exactOptional()
    .describe('Host, with a path if need be, that images of this registry are pulled from instead. Default: the registry itself.')
    .meta({ examples: ['mirror.example.com/docker.io'] }),
  caBundle: certificates()
    .exactOptional()
    .describe(
      'PEM certificates that sign the registry: text, {file: path} or {env: NAME}. Default: the public authorities and site.caBundles.',
    ),
});

const gitServer = atMostOne(
  z.strictObject({
    token: secret().exactOptional().describe(`Access token or password for http(s). Read access is enough. ${SECRET_NOTE}`),
    username: line().exactOptional().describe('User name sent with the token. Default: git.'),
    ssh: z
      .strictObject({
        knownHosts: value().describe('Host keys that are trusted, in the format of known_hosts: text, {file: path} or {env: NAME}.'),
        privateKey: secret().exactOptional().describe(`Private key. ${SECRET_NOTE} Default: a deploy key is generated for each cluster.`),
      })
      .exactOptional()
      .describe('Authentication for ssh:// URLs.'),
    caBundle: certificates().exactOptional().describe('PEM certificates that sign the https server. Default: the public authorities.'),
  }),
  ['token', 'ssh'],
);

const proxy = z.strictObject({
  http: line()
    .exactOptional()
    .describe('Proxy for http, without user and password.')
    .meta({ examples: ['http://proxy.example.com:3128'] }),
  https: line()
    .exactOptional()
    .describe('Proxy for https, without user and password. Default: that for http.')
    .meta({ examples: ['http://proxy.example.com:3128'] }),
  noProxy: z
    .array(line().describe('Host, domain or CIDR.'))
    .default([])
    .describe('What is reached without proxy, beside what belongs to each cluster itself. Default: nothing more.')
    .meta({ examples: [['.example.com', '10.0.0.0/8']] }),
});

export const site = z.strictObject({
  registries: z
    .record(hostName(), registry.describe('One registry; its host is the key.'))
    .default({})
    .describe('Container and OCI registries, by host: how every cluster and its Flux log in there. Default: none.'),
  gitServers: z
    .record(hostName(), gitServer.describe('One server; its host is the key.'))
    .default({})
    .describe('Git servers, by host: how Flux authenticates there, for repositories that say nothing themselves. Default: none.'),
  proxy: proxy.exactOptional().describe('How machines and Flux reach what is outside. Default: directly.'),
  caBundles: z
    .record(line(), certificates().describe('PEM certificates: text, {file: path} or {env: NAME}.'))
    .default({})
    .describe('Authorities that every machine trusts, by a name of your choice. Default: none but the public ones.'),
});

export type SiteSpec = z.output<typeof site>;
