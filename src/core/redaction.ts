/** Secret values never leave through a sink: every text that goes to journal, log, event or screen passes a Redactor. */

const MASK = '•••';
/** Shorter values would mask ordinary words; config refuses them in secret fields. */
export const MIN_SECRET_LENGTH = 6;

export class Redactor {
  #values: string[] = [];

  /** Registers a secret and its usual encodings (base64, URL, JSON-escaped, each line of a multi-line value). */
  add(secret: string): void {
    const forms = new Set([secret, secret.trim(), ...encodings(secret), ...lines(secret)]);
    const fresh = [...forms].filter((form) => form.length >= MIN_SECRET_LENGTH && !this.#values.includes(form));
    this.#values = [...this.#values, ...fresh].sort((a, b) => b.length - a.length);
  }

  redact(text: string): string {
    let clean = text;
    for (const value of this.#values) if (clean.includes(value)) clean = clean.replaceAll(value, MASK);
    return clean;
  }

  /** Redacts every string inside plain data, keys included; returns the same data when nothing is registered. */
  redactData<T>(data: T): T {
    if (this.#values.length === 0) return data;
    return this.#deep(JSON.parse(JSON.stringify(data) ?? 'null')) as T;
  }

  #deep(data: unknown): unknown {
    if (typeof data === 'string') return this.redact(data);
    if (Array.isArray(data)) return data.map((item) => this.#deep(item));
    if (data === null || typeof data !== 'object') return data;
    return Object.fromEntries(Object.entries(data).map(([key, value]) => [this.redact(key), this.#deep(value)]));
  }
}

function encodings(secret: string): readonly string[] {
  return [
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('base64url'),
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
  ];
}

function lines(secret: string): readonly string[] {
  return secret.includes('\n')
    ? secret
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line.length >= 16 && !line.startsWith('-----'))
    : [];
}
