import type { TObject, TProperties, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Settings } from 'typebox/system';
import { Default } from 'typebox/value';
import type { Faults } from './violation.ts';

type TypeBoxFault = ReturnType<ReturnType<typeof Compile>['Errors']>[number];

/** Checks an object field by field, so that every field gets its own complaint. */
export type Validator = (input: unknown) => {
  /** `input` with the defaults filled in (a copy); fields that are wrong are missing. */
  readonly value: Record<string, unknown>;
  /** What is wrong, by field. */
  readonly faults: Faults;
};

/**
 * A validator for the properties of `schema`. Complaints are the schema's own `fault` annotation where it has one,
 * else Kong's words for the rule that was broken.
 */
export function validator(schema: TObject<TProperties>): Validator {
  const fields = Object.entries(schema.properties).map(([name, field]) => ({
    name,
    field,
    required: schema.required?.includes(name) === true && !('default' in field),
    check: Compile(field),
  }));
  const known = new Set(fields.map((f) => f.name));
  return (input) => {
    const faults: Record<string, string> = {};
    const value: Record<string, unknown> = {};
    if (!isRecord(input)) return { value, faults: { '@entity': 'expected a record' } };
    for (const name of Object.keys(input)) {
      if (!known.has(name)) faults[name] = 'unknown field';
    }
    for (const { name, field, required, check } of fields) {
      const given = Object.hasOwn(input, name) ? input[name] : undefined;
      const filled = Default(field, structuredClone(given));
      if (filled === undefined) {
        if (required) faults[name] = 'required field missing';
        continue;
      }
      if (check.Check(filled)) value[name] = filled;
      else if (given === null) faults[name] = 'required field missing';
      else Object.assign(faults, complaints(name, field, errorsOf(check, filled)));
    }
    return { value, faults };
  };
}

/** All of them: TypeBox stops after eight unless told otherwise, for the whole process, so it is told only here. */
function errorsOf(check: ReturnType<typeof Compile>, value: unknown): TypeBoxFault[] {
  const before = Settings.Get().maxErrors;
  Settings.Set({ maxErrors: 1000 });
  try {
    return check.Errors(value);
  } finally {
    Settings.Set({ maxErrors: before });
  }
}

function complaints(name: string, field: TSchema, errors: TypeBoxFault[]): Faults {
  const faults: Record<string, string> = {};
  for (const error of errors) {
    const path = [name, ...error.instancePath.split('/').slice(1).map(unescaped)].join('.');
    // A nullable field complains of not being null as well; what it should have been says more.
    const params = error.params as Record<string, unknown>;
    if (params['type'] === 'null') continue;
    // Each property with a wrong name complains for itself as well.
    if (error.keyword === 'additionalProperties' || error.keyword === 'propertyNames') continue;
    if (error.keyword === 'anyOf' && Object.keys(faults).length > 0) continue;
    faults[path] ??=
      ownWords(field, error.schemaPath) ?? text(error.keyword, params, error.message);
  }
  return faults;
}

/** The words of the schema that complained, or of the nearest one around it that has some. */
function ownWords(field: TSchema, schemaPath: string): string | undefined {
  let schema: unknown = field;
  let words: string | undefined;
  for (const part of ['', ...schemaPath.split('/').slice(1)]) {
    if (part !== '') schema = (schema as Record<string, unknown> | undefined)?.[unescaped(part)];
    const { fault } = (schema ?? {}) as { fault?: string };
    if (fault !== undefined) words = fault;
  }
  return words;
}

function text(keyword: string, params: Record<string, unknown>, otherwise: string): string {
  switch (keyword) {
    case 'type':
      return `expected ${article(String(params['type']))}`;
    case 'required':
      return `required field missing: ${(params['requiredProperties'] as string[]).join(', ')}`;
    case 'boolean':
      return 'unknown field';
    case 'minLength':
      return `length must be at least ${params['limit']}`;
    case 'maxLength':
      return `length must be at most ${params['limit']}`;
    case 'minItems':
      return `must have at least ${params['limit']} elements`;
    case 'maxItems':
      return `must have at most ${params['limit']} elements`;
    case 'uniqueItems':
      return 'elements must be unique';
    case 'minimum':
    case 'exclusiveMinimum':
    case 'maximum':
      return `value must be ${params['comparison']} ${params['limit']}`;
    default:
      return otherwise;
  }
}

/** Kong's names for JSON's types: an object is a record. */
function article(type: string): string {
  if (type === 'object') return 'a record';
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

/** JSON Pointer, RFC 6901. */
function unescaped(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
