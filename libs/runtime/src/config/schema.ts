import { type TSchemaOptions, type TUnsafe, Type } from 'typebox';
import { DURATION, formatQuantity, parseQuantity, SIZE, type Units } from './quantity.ts';
import type { Secret } from './secret.ts';

/** The part of JSON Schema (as TypeBox makes it) that the loader understands by itself. */
export interface Shape {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly patternProperties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: boolean | Shape;
  readonly items?: Shape | readonly Shape[];
  readonly anyOf?: readonly Shape[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  /** What was expected, in words, instead of the words made from the schema. */
  readonly expected?: string;
  /** How the value is written in the configuration when that isn't what it is in the program. */
  readonly written?: 'duration' | 'size' | 'secret';
}

interface QuantityOptions {
  readonly default?: string;
  readonly min?: string;
  readonly max?: string;
  readonly description?: string;
}

/** Written `30s`, `1h30m`, `250ms`; milliseconds in the program. A number without a unit is refused, except 0. */
export function duration(options: QuantityOptions = {}): TUnsafe<number> {
  return quantity('duration', DURATION, options);
}

/** Written `10MiB`, `64kB` or as a whole number of bytes; bytes in the program. */
export function bytes(options: QuantityOptions = {}): TUnsafe<number> {
  return quantity('size', SIZE, options);
}

/**
 * A {@link Secret}, given by reference: `env:NAME` or `file:/absolute/path` (one line break at its end is left
 * out). A literal is taken from the environment only, never from a file. Lengths count characters.
 */
export function secret(
  options: { minLength?: number; maxLength?: number; description?: string } = {},
): TUnsafe<Secret> {
  return Type.Unsafe<Secret>({ ...options, written: 'secret' });
}

function quantity(
  written: 'duration' | 'size',
  units: Units,
  { default: preset, min, max, description }: QuantityOptions,
): TUnsafe<number> {
  const number = (text: string): number => {
    const value = parseQuantity(text, units);
    if (value === undefined) throw new TypeError(`${written} '${text}' in a schema can't be read`);
    return value;
  };
  const options: TSchemaOptions = {
    type: 'number',
    written,
    minimum: number(min ?? '0'),
    ...(max === undefined ? {} : { maximum: number(max) }),
    ...(preset === undefined ? {} : { default: number(preset) }),
    ...(description === undefined ? {} : { description }),
  };
  return Type.Unsafe<number>(options);
}

/** What a schema wants, in words. */
export function describeShape(shape: Shape): string {
  if (shape.expected !== undefined) return shape.expected;
  if (shape.written === 'duration') return `a duration such as 30s${limits(shape, DURATION)}`;
  if (shape.written === 'size') return `a size such as 10MiB${limits(shape, SIZE)}`;
  if (shape.written === 'secret') {
    return `a secret by reference, env:NAME or file:/absolute/path${lengths(shape)}`;
  }
  if (shape.const !== undefined) return JSON.stringify(shape.const);
  if (shape.enum !== undefined) return oneOf(shape.enum.map((value) => JSON.stringify(value)));
  if (shape.anyOf !== undefined) return oneOf([...new Set(shape.anyOf.map(describeShape))]);
  switch (shape.type) {
    case 'integer':
      return `a whole number${limits(shape)}`;
    case 'number':
      return `a number${limits(shape)}`;
    case 'boolean':
      return 'true or false';
    case 'string':
      return `text${lengths(shape)}${shape.pattern === undefined ? '' : ` matching ${shape.pattern}`}${
        shape.format === undefined ? '' : ` in the format ${shape.format}`
      }`;
    case 'null':
      return 'null';
    case 'array':
      return 'a list';
    case 'object':
      return 'a mapping';
    default:
      return 'another value';
  }
}

function oneOf(words: readonly string[]): string {
  return words.length < 2
    ? (words[0] ?? 'nothing')
    : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function limits(shape: Shape, units?: Units): string {
  const show = (value: number | undefined) =>
    value === undefined || units === undefined ? value : formatQuantity(value, units);
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = shape;
  const least = units !== undefined && minimum === 0 ? undefined : minimum;
  return [
    range(show(least), show(maximum)),
    exclusiveMinimum === undefined ? '' : ` above ${show(exclusiveMinimum)}`,
    exclusiveMaximum === undefined ? '' : ` below ${show(exclusiveMaximum)}`,
  ].join('');
}

function lengths({ minLength, maxLength }: Shape): string {
  const text = range(minLength, maxLength);
  return text === '' ? '' : ` of${text} characters`;
}

function range(least: unknown, most: unknown): string {
  if (least !== undefined && most !== undefined) return ` from ${least} to ${most}`;
  if (least !== undefined) return ` at least ${least}`;
  return most === undefined ? '' : ` at most ${most}`;
}
