/** What the test provider asks: one POST, one answer. Its counterpart is account.go in test/aws-provider. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AwsCall } from '../aws-bed.ts';
import type { Account } from './account.ts';
import { readData } from './data-sources.ts';
import { AwsFailure } from './failure.ts';
import type { Faults, Hit } from './faults.ts';
import { type Attributes, type Resource, text } from './store.ts';

interface Ask {
  readonly operation: 'create' | 'read' | 'update' | 'delete' | 'data' | 'import' | 'wait' | 'identity';
  readonly type: string;
  readonly id?: string;
  readonly region: string;
  readonly attributes?: Attributes;
  readonly prior?: Attributes;
}

export interface WireAnswer {
  readonly status: number;
  /** Absent: the connection breaks. */
  readonly body?: unknown;
}

export interface Wire {
  readonly account: Account;
  readonly faults: Faults;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly record: (call: AwsCall) => void;
}

/** What each fault is called by AWS. */
export const FAULT_FAILURES: Readonly<Record<string, readonly [code: string, message: string, status: number]>> = {
  throttle: ['ThrottlingException', 'Rate exceeded', 400],
  denied: [
    'AccessDeniedException',
    'User: arn:aws:iam::123456789012:user/tester is not authorized to perform: ACTION because no identity-based policy allows the ACTION action',
    403,
  ],
  quota: ['ServiceQuotaExceededException', "The requested resource exceeds the account's quota", 400],
  error: ['InvalidParameterException', 'The request was refused by a fault that the test placed', 400],
  partial: ['InternalFailure', 'The request processing has failed because of an unknown error', 500],
};

export async function answerProvider(wire: Wire, body: string, key: string): Promise<WireAnswer> {
  const ask = JSON.parse(body) as Ask;
  if (key !== wire.accessKey)
    return failureOf(ask, wire, new AwsFailure('InvalidClientTokenId', 'The security token included in the request is invalid.', 403));
  if (ask.operation === 'identity') return { status: 200, body: { state: { account_id: wire.account.store.accountId } } };
  if (ask.operation === 'wait') return waitAnswer(wire, ask);
  const operation = ask.operation === 'import' ? 'read' : ask.operation;
  const hit = wire.faults.meet({
    operation,
    type: ask.type,
    action: actionOf(ask, wire),
    about: `${ask.id ?? ''} ${JSON.stringify(ask.attributes ?? {})}`,
  });
  const answer = await withFault(wire, ask, hit);
  wire.record({ operation, what: ask.type, status: answer.status, ...(ask.id !== undefined && { id: ask.id }) });
  return answer;
}

async function withFault(wire: Wire, ask: Ask, hit: Hit | undefined): Promise<WireAnswer> {
  if (hit === undefined) return perform(wire, ask);
  switch (hit.effect) {
    case 'slow':
      await sleep(hit.ms);
      return perform(wire, ask);
    case 'hold':
      await hit.held();
      return perform(wire, ask);
    case 'crash-before':
      return { status: 200, body: { crash: 'before' } };
    case 'crash-after':
      perform(wire, ask);
      return { status: 200, body: { crash: 'after' } };
    case 'lost':
      perform(wire, ask);
      return { status: 0 };
    case 'partial':
      return {
        status: 500,
        body: { ...(perform(wire, ask).body as object), ...(failureOf(ask, wire, placed(hit.effect, ask, wire)).body as object) },
      };
    default:
      return failureOf(ask, wire, placed(hit.effect, ask, wire));
  }
}

function placed(effect: string, ask: Ask, wire: Wire): AwsFailure {
  const [code, message, status] = FAULT_FAILURES[effect] ?? ['InternalError', effect, 500];
  return new AwsFailure(code, message.replaceAll('ACTION', `${serviceOf(ask, wire).toLowerCase()}:${actionOf(ask, wire)}`), status);
}

function perform(wire: Wire, ask: Ask): WireAnswer {
  try {
    return act(wire, ask);
  } catch (error) {
    if (error instanceof AwsFailure) return failureOf(ask, wire, error);
    throw error;
  }
}

function act({ account }: Wire, ask: Ask): WireAnswer {
  const { type, region, id = '', attributes = {} } = ask;
  switch (ask.operation) {
    case 'create':
      return told(account, account.create({ type, attributes, region, origin: 'provider' }));
    case 'update':
      return told(account, account.update(type, id, attributes));
    case 'delete':
      return account.get(type, id) ? { status: 200, body: { pendingMs: account.remove(type, id, attributes) } } : { status: 404 };
    case 'data':
      return { status: 200, body: { state: readData(account, type, { region, config: attributes, provider: ask.prior ?? {} }) } };
    case 'import':
      return seen(account, account.find(type, id));
    default:
      return seen(account, account.get(type, id));
  }
}

const seen = (account: Account, found: Resource | undefined): WireAnswer =>
  found ? { status: 200, body: { state: viewOf(account, found) } } : { status: 404 };

const told = (account: Account, resource: Resource): WireAnswer => ({
  status: 200,
  body: { state: viewOf(account, resource), pendingMs: account.pendingMs(resource) },
});

/** Attributes as they are now: what is under way says so. */
export function viewOf(account: Account, resource: Resource): Attributes {
  const { status } = resource.attributes;
  if (typeof status !== 'string' || account.pendingMs(resource) === 0) return resource.attributes;
  return { ...resource.attributes, status: resource.goneAt === undefined ? 'CREATING' : 'DELETING' };
}

function waitAnswer({ account, record }: Wire, ask: Ask): WireAnswer {
  const found = account.get(ask.type, ask.id ?? '');
  record({ operation: 'read', what: ask.type, id: ask.id ?? '', status: found ? 200 : 404 });
  return found ? told(account, found) : { status: 404 };
}

const serviceOf = (ask: Ask, wire: Wire): string =>
  ask.operation === 'data' || ask.operation === 'identity' ? 'STS' : wire.account.kind(ask.type).service;

function actionOf(ask: Ask, wire: Wire): string {
  if (ask.operation === 'identity') return 'GetCallerIdentity';
  if (ask.operation === 'data') return `Describe${ask.type}`;
  const [create, read, update, remove] = wire.account.kind(ask.type).actions;
  return { create, read, update, delete: remove, import: read, wait: read }[ask.operation];
}

function failureOf(ask: Ask, wire: Wire, failure: AwsFailure): WireAnswer {
  const label = ask.operation === 'data' || ask.operation === 'identity' ? '' : wire.account.kind(ask.type).label;
  const name = text(ask.attributes?.['name']) || text(ask.attributes?.['bucket']);
  const error = {
    code: failure.code,
    message: failure.message,
    status: failure.status,
    service: serviceOf(ask, wire),
    action: actionOf(ask, wire),
    label: name === '' || ask.id !== undefined ? label : `${label} (${name})`,
    requestId: randomUUID(),
  };
  return { status: failure.status === 404 ? 400 : failure.status, body: { error } };
}
