/** AWS' own APIs on the account: which service a request is for stands in its signature. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiCall, json, unanswered, xml } from './api-answer.ts';
import { answerAutoScaling } from './api-autoscaling.ts';
import { answerEc2 } from './api-ec2.ts';
import { answerEks } from './api-eks.ts';
import { answerLoadBalancing } from './api-elb.ts';
import { answerLogs, answerTagging } from './api-json.ts';
import { answerS3, nameS3Action } from './api-s3.ts';
import { AwsFailure } from './failure.ts';
import type { Hit } from './faults.ts';
import { FAULT_FAILURES, type Wire } from './provider-wire.ts';
import type { ApiRequest, HttpAnswer } from './server.ts';
import { verifySignature } from './signature.ts';

type Service = (wire: Wire, call: ApiCall) => HttpAnswer;

const answerSts: Service = (wire, call) => {
  if (call.action !== 'GetCallerIdentity') unanswered(call);
  const account = wire.account.store.accountId;
  const told = { Arn: `arn:aws:iam::${account}:user/tester`, UserId: 'AIDATESTER', Account: account };
  return xml('GetCallerIdentityResponse', { GetCallerIdentityResult: told, ResponseMetadata: { RequestId: randomUUID() } });
};

const SERVICES: Readonly<Record<string, Service>> = {
  sts: answerSts,
  ec2: answerEc2,
  elasticloadbalancing: answerLoadBalancing,
  autoscaling: answerAutoScaling,
  tagging: answerTagging,
  logs: answerLogs,
  eks: answerEks,
  s3: answerS3,
};

function actionOf(request: ApiRequest, service: string, form: URLSearchParams): string {
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') return target.split('.').at(-1) ?? '';
  if (service === 's3') return nameS3Action(request);
  return form.get('Action') ?? request.url.searchParams.get('Action') ?? `${request.method} ${request.url.pathname}`;
}

export async function answerApi(wire: Wire, request: ApiRequest): Promise<HttpAnswer> {
  let call: ApiCall = { request, action: '', form: new URLSearchParams(), accessKey: '', region: '', service: 's3' };
  try {
    const signed = verifySignature(request, { accessKey: wire.accessKey, secret: wire.secretKey });
    const form = new URLSearchParams(request.body.toString());
    call = { ...signed, request, form, action: actionOf(request, signed.service, form) };
    const about = `${request.url.pathname}${request.url.search} ${request.body.toString('utf8', 0, 10_000)}`;
    const hit = wire.faults.meet({ operation: 'api', type: call.service, action: call.action, about });
    return recorded(wire, call, await withFault(wire, call, hit));
  } catch (error) {
    if (!(error instanceof AwsFailure)) throw error;
    return recorded(wire, call, failure(call, error));
  }
}

function recorded(wire: Wire, { service, action }: ApiCall, answer: HttpAnswer): HttpAnswer {
  wire.record({ operation: 'api', what: `${service}.${action}`, status: answer.status });
  return answer;
}

function perform(wire: Wire, call: ApiCall): HttpAnswer {
  wire.account.settle();
  const service = SERVICES[call.service];
  return service ? service(wire, call) : unanswered(call);
}

async function withFault(wire: Wire, call: ApiCall, hit: Hit | undefined): Promise<HttpAnswer> {
  if (hit === undefined) return perform(wire, call);
  switch (hit.effect) {
    case 'slow':
      await sleep(hit.ms);
      return perform(wire, call);
    case 'hold':
      await hit.held();
      return perform(wire, call);
    case 'crash-before':
      return { status: 0, broken: true };
    case 'crash-after':
    case 'lost':
      perform(wire, call);
      return { status: 0, broken: true };
    case 'partial':
      perform(wire, call);
      return refuseBy('partial', call);
    default:
      return refuseBy(hit.effect, call);
  }
}

function refuseBy(effect: string, call: ApiCall): never {
  const [code, message, status] = OWN_WORDS[`${call.service} ${effect}`] ?? FAULT_FAILURES[effect] ?? ['InternalError', effect, 500];
  throw new AwsFailure(code, message.replaceAll('ACTION', `${call.service}:${call.action}`), status);
}

/** Services that call the same by other names. */
const OWN_WORDS: Readonly<Record<string, readonly [code: string, message: string, status: number]>> = {
  'ec2 throttle': ['RequestLimitExceeded', 'Request limit exceeded.', 503],
  'ec2 denied': [
    'UnauthorizedOperation',
    'You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/tester is not authorized to perform: ACTION because no identity-based policy allows the ACTION action',
    403,
  ],
  's3 throttle': ['SlowDown', 'Please reduce your request rate.', 503],
  's3 denied': [
    'AccessDenied',
    'User: arn:aws:iam::123456789012:user/tester is not authorized to perform: ACTION because no identity-based policy allows the ACTION action',
    403,
  ],
};

const JSON_SERVICES = new Set(['eks', 'tagging', 'logs', 'kms', 'ssm', 'servicequotas']);

function failure({ service }: ApiCall, error: AwsFailure): HttpAnswer {
  const { code, message, status } = error;
  if (JSON_SERVICES.has(service)) return json({ __type: code, message }, status, { 'x-amzn-errortype': code });
  if (service === 's3') return xml('Error', { Code: code, Message: message, RequestId: randomUUID() }, status);
  if (service === 'ec2')
    return xml('Response', { Errors: { Error: { Code: code, Message: message } }, RequestID: randomUUID() }, status === 404 ? 400 : status);
  return xml(
    'ErrorResponse',
    { Error: { Type: 'Sender', Code: code, Message: message }, RequestId: randomUUID() },
    status === 404 ? 400 : status,
  );
}
