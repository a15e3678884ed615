/** AWS's many ways to say no, as our codes: a ladder over its error codes, which are stable where its prose is not. */
import type { Code } from '../core/codes.ts';
import { isSlipwayError, SlipwayError } from '../core/errors.ts';
import type { AwsAnswer, AwsCall } from './call.ts';
import { childOf, parseXml, textOf } from './xml.ts';

export interface FailureContext {
  readonly call: AwsCall;
  readonly url: URL;
  readonly region: string;
  /** Where the credentials came from. */
  readonly from: string;
}

interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** AWS's own error code of what was thrown here, undefined for anything else: `NoSuchBucket`, `InvalidVolume.NotFound`. */
export function awsCodeOf(thrown: unknown): string | undefined {
  const code = isSlipwayError(thrown) ? thrown.data?.['awsCode'] : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** First match wins. Source: the common errors of the services and https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html */
const LADDER: readonly (readonly [pattern: RegExp, code: Code])[] = [
  [/^(?:ExpiredToken|ExpiredTokenException|RequestExpired|TokenRefreshRequired|CredentialsExpired)$/, 'SLW-AWS-002'],
  [/^(?:RequestTimeTooSkewed|RequestInTheFuture)$/, 'SLW-AWS-004'],
  [
    /^(?:InvalidClientTokenId|UnrecognizedClientException|AuthFailure|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidSignatureException|InvalidToken|IncompleteSignature|MissingAuthenticationToken(?:Exception)?|NotSignedUp)$/,
    'SLW-AWS-003',
  ],
  [/^(?:OptInRequired|SubscriptionRequiredException|RegionDisabledException|InvalidRegion)$/, 'SLW-AWS-010'],
  [
    /^(?:AccessDenied|AccessDeniedException|UnauthorizedOperation|Unauthorized|AuthorizationError|AllAccessDisabled|HTTP403)$/,
    'SLW-AWS-005',
  ],
  [/^OperationAborted$/, 'SLW-AWS-015'],
  [
    /Throttl|^(?:RequestLimitExceeded|SlowDown|TooManyRequests(?:Exception)?|BandwidthLimitExceeded|HTTP429|PriorRequestNotComplete)$/,
    'SLW-AWS-006',
  ],
  [/LimitExceeded|QuotaExceeded|^TooMany|^ResourceLimit/, 'SLW-AWS-009'],
  [
    /^(?:InternalError|InternalFailure|InternalServiceError|ServerException|ServiceUnavailable(?:Exception)?|Unavailable|HTTP5\d\d)$/,
    'SLW-AWS-007',
  ],
];

export function answerFailure(answer: AwsAnswer, context: FailureContext): SlipwayError {
  const refusal = refusalOf(answer);
  const code = codeOf(refusal, answer.status);
  const { call } = context;
  const retryAfter = Number(answer.headers['retry-after']);
  return new SlipwayError(code, sentence(code, refusal, context), {
    data: { awsCode: refusal.code, status: answer.status, action: actionOf(call), region: context.region, ...requestId(answer) },
    ...(call.object !== undefined && { object: call.object }),
    ...(Number.isFinite(retryAfter) && retryAfter > 0 && { retryAfterMs: Math.min(retryAfter, 30) * 1000 }),
  });
}

function codeOf(refusal: Refusal, status: number): Code {
  const found = LADDER.find(([pattern]) => pattern.test(refusal.code))?.[1];
  if (found === 'SLW-AWS-003' && /not yet current|Signature expired/i.test(refusal.message)) return 'SLW-AWS-004';
  if (found !== undefined) return found;
  return status >= 500 ? 'SLW-AWS-007' : 'SLW-AWS-011';
}

/** `kms:Decrypt` stands in the message when the missing permission is not that of the call itself. */
function sentence(code: Code, refusal: Refusal, { call, region, from }: FailureContext): string {
  const about = call.object === undefined ? '' : ` on ${call.object}`;
  const words = refusal.message === '' ? refusal.code : `${refusal.code}: ${refusal.message}`;
  if (code === 'SLW-AWS-005')
    return `${/is not authorized to perform: ([\w-]+:\w+)/.exec(words)?.[1] ?? actionOf(call)}${about} is not permitted (${words})`;
  if (code === 'SLW-AWS-002' || code === 'SLW-AWS-003') return `AWS refuses the credentials of ${from} (${words})`;
  return `${actionOf(call)}${about} in ${region} failed: ${words}`;
}

export function transportFailure(thrown: unknown, { call, url, region }: FailureContext): SlipwayError {
  if (isSlipwayError(thrown)) return thrown;
  const error = thrown as Error & { readonly code?: string };
  if (error.code === 'ENOTFOUND' || error.code === 'EAI_NONAME')
    return new SlipwayError('SLW-AWS-008', `${url.host} does not resolve (is ${region} the right region, and is there a network?)`, {
      cause: thrown,
      data: { action: actionOf(call), region },
    });
  return new SlipwayError('SLW-AWS-008', `${actionOf(call)} got no answer from ${url.host}: ${error.message}`, {
    cause: thrown,
    data: { action: actionOf(call), region },
  });
}

export function actionOf({ service, action }: Pick<AwsCall, 'service' | 'action'>): string {
  return `${service === 'tagging' ? 'tag' : service}:${action}`;
}

/** Query and S3 answer in XML, the others in JSON, HEAD and broken proxies with nothing. */
function refusalOf(answer: AwsAnswer): Refusal {
  const text = Buffer.from(answer.body).toString('utf8').trimStart();
  const found = text.startsWith('<') ? fromXml(text) : text.startsWith('{') ? fromJson(text, answer) : undefined;
  return found ?? { code: `HTTP${answer.status}`, message: '' };
}

/** Query answers ErrorResponse/Error, EC2 Response/Errors/Error, S3 Error; some gateways mix them. */
const ERROR_PATHS: readonly (readonly string[])[] = [
  ['ErrorResponse', 'Error'],
  ['Response', 'Errors', 'Error'],
  ['Error'],
  ['ErrorResponse', 'Errors', 'Error'],
];

function fromXml(text: string): Refusal | undefined {
  const document = parseXml(text);
  const error = ERROR_PATHS.map((path) => childOf(document, ...path)).find((found) => found !== undefined);
  const code = textOf(error, 'Code');
  return code === undefined ? undefined : { code, message: textOf(error, 'Message') ?? '' };
}

function fromJson(text: string, { headers }: AwsAnswer): Refusal | undefined {
  try {
    const body = JSON.parse(text) as {
      readonly __type?: string;
      readonly code?: string;
      readonly message?: string;
      readonly Message?: string;
    };
    const code = headers['x-amzn-errortype'] ?? body.__type ?? body.code;
    if (typeof code !== 'string') return undefined;
    return { code: (code.split('#').at(-1) ?? code).split(':')[0] ?? code, message: body.message ?? body.Message ?? '' };
  } catch {
    return undefined;
  }
}

function requestId({ headers }: AwsAnswer): { readonly requestId?: string } {
  const id = headers['x-amzn-requestid'] ?? headers['x-amz-request-id'];
  return id === undefined ? {} : { requestId: id };
}
