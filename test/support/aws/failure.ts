/** An answer of AWS that is an error: code and sentence as AWS words them, since callers read codes. */
export class AwsFailure extends Error {
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}
