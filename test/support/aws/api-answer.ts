/** What every service's part shares: the call as it is understood, and answers in the two notations. */
import { AwsFailure } from './failure.ts';
import type { ApiRequest, HttpAnswer } from './server.ts';
import type { Signed } from './signature.ts';
import { element, type Xml } from './xml.ts';

export interface ApiCall extends Signed {
  readonly request: ApiRequest;
  readonly action: string;
  /** Of Query calls. */
  readonly form: URLSearchParams;
}

export const xml = (root: string, body: Xml, status = 200): HttpAnswer => ({
  status,
  headers: { 'content-type': 'text/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n${element(root, body)}`,
});
export const json = (body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): HttpAnswer => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.1', ...headers },
  body: JSON.stringify(body),
});

export function unanswered({ service, action }: ApiCall): never {
  throw new AwsFailure('NotImplemented', `the test bed does not answer ${service}:${action}: add it to test/support/aws`, 501);
}
