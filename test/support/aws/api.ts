/** AWS' own APIs on the account. */
import type { ApiRequest, HttpAnswer } from './server.ts';
import type { Wire } from './provider-wire.ts';

export function answerApi(_: Wire, { method, url }: ApiRequest): Promise<HttpAnswer> {
  return Promise.resolve({ status: 501, body: `the test bed does not answer ${method} ${url.pathname}` });
}
