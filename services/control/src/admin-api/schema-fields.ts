import type { TSchema } from 'typebox';

/** A field as Kong's `/schemas` tells of it. */
interface Field {
  type: string;
  required?: boolean;
  default?: unknown;
  one_of?: readonly unknown[];
  between?: [number, number];
  len_min?: number;
  len_max?: number;
  elements?: Field;
  fields?: Record<string, Field>[];
}

/** The part of JSON Schema that entities and settings use. */
interface Shape {
  readonly type?: string;
  readonly anyOf?: readonly Shape[];
  readonly enum?: readonly unknown[];
  readonly items?: Shape;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
}

/** The fields of a schema in Kong's words, in order: what decK and Kong's tools ask for. */
export function schemaFields(schema: TSchema): Record<string, Field>[] {
  return fieldsOf(schema as Shape);
}

function fieldsOf({ properties = {}, required = [] }: Shape): Record<string, Field>[] {
  return Object.entries(properties).map(([name, shape]) => ({
    [name]: { ...fieldOf(shape), required: required.includes(name) && !nullable(shape) },
  }));
}

function nullable({ anyOf }: Shape): boolean {
  return anyOf?.some(({ type }) => type === 'null') === true;
}

function fieldOf(given: Shape): Field {
  const shape = given.anyOf?.find(({ type }) => type !== 'null') ?? given;
  const { minimum, maximum, minLength, maxLength } = shape;
  return {
    type: typeOf(shape),
    ...(given.default == null ? {} : { default: given.default }),
    ...(shape.enum === undefined ? {} : { one_of: shape.enum }),
    ...(minimum === undefined || maximum === undefined ? {} : { between: [minimum, maximum] }),
    ...(minLength === undefined ? {} : { len_min: minLength }),
    ...(maxLength === undefined ? {} : { len_max: maxLength }),
    ...(shape.items === undefined ? {} : { elements: fieldOf(shape.items) }),
    ...(shape.properties === undefined ? {} : { fields: fieldsOf(shape) }),
  };
}

function typeOf({ type, enum: choices, properties }: Shape): string {
  if (choices !== undefined) return typeof choices[0] === 'number' ? 'integer' : 'string';
  if (type === 'object') return properties === undefined ? 'map' : 'record';
  return type ?? 'any';
}
