/** A call of a service of AWS and what it answers, as far as signing, sending and failing need to know. */

export interface AwsCall {
  /** First label of the host name: `ec2`, `elasticloadbalancing`, `s3`. */
  readonly service: string;
  /** As IAM spells it, without the service: `DescribeVpcs`; for messages. */
  readonly action: string;
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'HEAD';
  /** First label of the host name instead of the service, for buckets: `NAME.s3`. Ignored where the environment gives an endpoint. */
  readonly hostLabel?: string;
  /** Encoded, with a leading slash. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** What the call is about, for messages: a bucket, a cluster. */
  readonly object?: string;
  /** HTTP statuses, besides 2xx, that are answers and no failures. */
  readonly accept?: readonly number[];
}

export interface AwsAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}
