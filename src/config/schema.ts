/** The JSON Schema (draft-07) of a project file, made from the kinds: for editors, and the base of explain and the reference. */
import * as z from 'zod';
import type { Json } from '../core/digest.ts';
import { type Kind, kinds } from './kinds/registry.ts';

/** The part of JSON Schema draft-07 that the kinds use. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly const?: Json;
  readonly enum?: readonly Json[];
  readonly default?: Json;
  readonly examples?: readonly Json[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly propertyNames?: JsonSchema;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly not?: JsonSchema;
  /** Marks what holds a secret. */
  readonly writeOnly?: boolean;
}

export interface ProjectSchema extends JsonSchema {
  readonly $schema: string;
  readonly title: string;
}

/** Schema of one document of that kind. */
export function kindSchema(kind: Kind): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(kinds[kind], { target: 'draft-7', io: 'input' });
  return schema as JsonSchema;
}

/** Schema of any document of a project file; yaml-language-server checks each document against it. */
export function projectSchema(): ProjectSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Slipway project file',
    description: 'One document of a Slipway project: its kind decides which fields it has.',
    type: 'object',
    anyOf: (Object.keys(kinds) as Kind[]).map(kindSchema),
  };
}
