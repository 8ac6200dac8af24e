import type { TSchema } from 'typebox';
import type { FormValue } from './form-tree.ts';

/** The part of JSON Schema, as the gateway's entities use it, that says what a text in a form means. */
interface FormSchema {
  readonly type?: string;
  readonly anyOf?: readonly FormSchema[];
  readonly enum?: readonly unknown[];
  readonly items?: FormSchema;
  readonly properties?: Readonly<Record<string, FormSchema>>;
  readonly patternProperties?: Readonly<Record<string, FormSchema>>;
}

/**
 * Gives what a form says the types that `schema` wants: numbers, booleans, null for an empty text, a list of one for a
 * single value. What doesn't read as its type stays text, for the validator to complain about.
 */
export function typedBy(schema: TSchema | undefined, value: FormValue): unknown {
  return typed(schema as FormSchema | undefined, value);
}

function typed(schema: FormSchema | undefined, value: FormValue): unknown {
  const wanted = schema?.anyOf?.find(({ type }) => type !== 'null') ?? schema;
  if (value === '') return null;
  if (wanted?.type === 'array') {
    const list = Array.isArray(value) ? value : [value];
    return list.map((item) => typed(wanted.items, item));
  }
  if (Array.isArray(value)) return value.map((item) => typed(undefined, item));
  if (typeof value === 'object') {
    const entries = Object.entries(value).map(([name, inner]) => {
      return [name, typed(fieldOf(wanted, name), inner)] as const;
    });
    return Object.fromEntries(entries);
  }
  return typedText(wanted, value);
}

function fieldOf(schema: FormSchema | undefined, name: string): FormSchema | undefined {
  const { properties, patternProperties } = schema ?? {};
  if (properties !== undefined && Object.hasOwn(properties, name)) return properties[name];
  // A record: one pattern for all its keys.
  return Object.values(patternProperties ?? {})[0];
}

function typedText(schema: FormSchema | undefined, text: string): unknown {
  const known = schema?.enum?.find((choice) => String(choice) === text);
  if (known !== undefined) return known;
  switch (schema?.type) {
    case 'integer':
    case 'number':
      return /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : text;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    default:
      return text;
  }
}
