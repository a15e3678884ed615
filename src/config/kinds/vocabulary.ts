/**
 * The words all kinds share: names, durations, references to values. Shapes only; what needs a second field or the
 * world to be judged stands in rules/.
 */
import * as z from 'zod';
import { MIN_SECRET_LENGTH } from '../../core/redaction.ts';

export const API_VERSION = 'slipway.dev/v1alpha1';

/** Rules that the error translation recognises by their text. */
export const NAME_RULE = 'must be lower-case letters, digits and hyphens, at most 63, with a letter or digit at both ends';
export const SECRET_MARK = 'secret';
export const VALUE_MARK = 'value';

const LABEL = /^(?=.{1,63}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^(?=.{1,253}$)[a-z0-9](?:[-.a-z0-9]*[a-z0-9])?$/;
// Flux's own pattern for intervals and timeouts: https://fluxcd.io/flux/components/kustomize/kustomizations/#interval
const DURATION = /^(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h))+$/;
const PRINTABLE = /^[^\u0000-\u001f\u007f]+$/;

export const label = () => z.string().regex(LABEL, { error: NAME_RULE });
/** RFC 1123 subdomain: the names of Secrets, ConfigMaps and most objects. */
export const objectName = () =>
  z.string().regex(SUBDOMAIN, { error: 'must be the name of a Kubernetes object: lower-case letters, digits, hyphens and dots' });
export const duration = () => z.string().regex(DURATION, { error: 'must be a duration such as 30s, 5m or 1h30m' });
/** One line of text without control characters. */
export const line = () => z.string().regex(PRINTABLE, { error: 'must be one line of text, not empty' });
const ENVIRONMENT_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
export const isEnvironmentName = (text: string): boolean => ENVIRONMENT_NAME.test(text);
export const environmentName = () =>
  z.string().regex(ENVIRONMENT_NAME, { error: 'must be the name of an environment variable: letters, digits and _' });

/** Fields of which exactly one is given. Also said in the JSON Schema. */
export function exactlyOne<S extends z.ZodObject>(schema: S, keys: readonly string[]): S {
  const message = `needs exactly one of ${keys.join(', ')}`;
  return schema
    .refine((value) => countKeys(value, keys) === 1, { error: message, when: isObjectPayload })
    .meta({ oneOf: keys.map((key) => ({ required: [key] })) });
}

/** Fields of which one may be given, but not two. Also said in the JSON Schema. */
export function atMostOne<S extends z.ZodObject>(schema: S, keys: readonly string[]): S {
  const message = `takes only one of ${keys.join(', ')}`;
  const pairs = keys.flatMap((first, i) => keys.slice(i + 1).map((second) => ({ required: [first, second] })));
  return schema.refine((value) => countKeys(value, keys) <= 1, { error: message, when: isObjectPayload }).meta({ not: { anyOf: pairs } });
}

function countKeys(value: object, keys: readonly string[]): number {
  return keys.filter((key) => Object.hasOwn(value, key) && (value as Record<string, unknown>)[key] !== undefined).length;
}

// zod skips refinements once the shape has faults; all faults are wanted at once.
function isObjectPayload(payload: { readonly value: unknown }): boolean {
  return typeof payload.value === 'object' && payload.value !== null && !Array.isArray(payload.value);
}

const referenceFields = {
  env: environmentName()
    .exactOptional()
    .describe('Name of an environment variable of the command that holds the value.')
    .meta({ examples: ['GITHUB_TOKEN'] }),
  file: line()
    .exactOptional()
    .describe('Path of a file that holds the value, relative to the folder of this YAML file. White space at its end is cut off.')
    .meta({ examples: ['./secrets/token'] }),
  output: line()
    .exactOptional()
    .describe(
      'What another document of the project gives: `KIND/NAME.field`. A Cluster gives `name`, `server` and `kubeconfig`; what a Network gives stands in the guide.',
    )
    .meta({ examples: ['Cluster/mgmt.server'] }),
};

const REFERENCE_KEYS = ['env', 'file', 'output'];

const reference = () => exactlyOne(z.strictObject(referenceFields), REFERENCE_KEYS);

/** A reference that must be used: a literal is refused, and what it gives is hidden in every output. */
export const secret = () =>
  exactlyOne(
    z.strictObject(referenceFields, { error: (issue) => (issue.code === 'invalid_type' ? SECRET_MARK : undefined) }),
    REFERENCE_KEYS,
  ).meta({ writeOnly: true });
/** Text, or a reference to text. Not hidden in output. */
export const value = () => z.union([z.string(), reference()], { error: VALUE_MARK });

/** A list of texts or references, or one reference that gives them all, separated by commas. */
export const valueList = (item: string) => z.union([z.array(value().describe(item)).min(1), reference()], { error: VALUE_MARK });

export type ReferenceSpec = z.output<ReturnType<typeof reference>>;
export type SecretSpec = z.output<ReturnType<typeof secret>>;
export type ValueSpec = z.output<ReturnType<typeof value>>;
export type ValueListSpec = z.output<ReturnType<typeof valueList>>;

export const SECRET_NOTE = `A secret: only {env: NAME} or {file: path}, at least ${MIN_SECRET_LENGTH} characters; hidden in every output.`;

export const metadata = () =>
  z.strictObject({
    name: label()
      .describe('Name of the document, unique among its kind: an RFC 1123 label of at most 63 characters.')
      .meta({ examples: ['demo'] }),
  });
