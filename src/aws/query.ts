/** The two shapes of calls that most services take: Query (form in, XML out) and JSON 1.1. */
import type { Aws } from './aws.ts';
import { parseXml, type XmlNode } from './xml.ts';

export interface QueryCall {
  readonly service: string;
  /** API version, a date. */
  readonly version: string;
  readonly action: string;
  /** Flat, as the protocol wants it: `{ 'VpcId.1': … }`; see `numbered`. */
  readonly params?: Readonly<Record<string, string>>;
  readonly object?: string;
}

/** The element below the document, `DescribeVpcsResponse`. @throws SLW-AWS-001 to SLW-AWS-011 */
export async function callQuery(aws: Aws, call: QueryCall, signal: AbortSignal): Promise<XmlNode> {
  const { service, version, action, params, object } = call;
  const form = new URLSearchParams({ Action: action, Version: version, ...params });
  const answer = await aws.send(
    {
      ...{ service, action, method: 'POST', path: '/' },
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
      body: Buffer.from(form.toString()),
      ...(object !== undefined && { object }),
    },
    signal,
  );
  const document = parseXml(Buffer.from(answer.body).toString('utf8'));
  if (typeof document === 'string') return document;
  const [root] = Object.values(document);
  return (Array.isArray(root) ? root[0] : root) as XmlNode;
}

/** A list as Query spells it: `numbered('VolumeId', ids)`; EC2 takes `VolumeId.1`, the others `Name.member.1`. */
export function numbered(name: string, values: readonly string[]): Record<string, string> {
  return Object.fromEntries(values.map((value, index) => [`${name}.${index + 1}`, value]));
}

export interface JsonCall {
  readonly service: string;
  /** `ResourceGroupsTaggingAPI_20170126`. */
  readonly target: string;
  readonly action: string;
  readonly body: object;
  readonly object?: string;
}

export async function callJson(aws: Aws, call: JsonCall, signal: AbortSignal): Promise<unknown> {
  const { service, target, action, body, object } = call;
  const answer = await aws.send(
    {
      ...{ service, action, method: 'POST', path: '/' },
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `${target}.${action}` },
      body: Buffer.from(JSON.stringify(body)),
      ...(object !== undefined && { object }),
    },
    signal,
  );
  return JSON.parse(Buffer.from(answer.body).toString('utf8')) as unknown;
}
