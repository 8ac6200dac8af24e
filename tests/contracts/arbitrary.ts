import fc, { type Arbitrary } from 'fast-check';

type Schema = Record<string, unknown>;

/** Formats and patterns of our contracts that can't be drawn from the pattern itself in reasonable time. */
const TIME = fc
  .date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true })
  .map((date) => date.toISOString());

/** Values that fit `schema`; open objects also get properties that the schema doesn't know. */
export function arbitrary(schema: object): Arbitrary<unknown> {
  const node = schema as Schema;
  if (Object.hasOwn(node, 'const')) return fc.constant(node['const']);
  if (node['anyOf'] !== undefined) return fc.oneof(...(node['anyOf'] as object[]).map(arbitrary));
  const bounds = (low: string, high: string, top: number) => ({
    min: (node[low] as number | undefined) ?? 0,
    max: (node[high] as number | undefined) ?? top,
  });
  switch (node['type']) {
    case undefined:
      return fc.jsonValue();
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.integer(bounds('minimum', 'maximum', Number.MAX_SAFE_INTEGER));
    case 'number':
      return fc.double({ ...bounds('minimum', 'maximum', 1e9), noNaN: true });
    case 'string':
      return text(node);
    case 'array': {
      const minLength = (node['minItems'] as number | undefined) ?? 0;
      return fc.array(arbitrary(node['items'] as object), { minLength, maxLength: minLength + 3 });
    }
    case 'object':
      return object(node);
    default:
      throw new Error(`no values for ${JSON.stringify(schema)}`);
  }
}

function text(node: Schema): Arbitrary<string> {
  if (node['format'] === 'date-time') return TIME;
  const maxLength = (node['maxLength'] as number | undefined) ?? 100;
  const pattern = node['pattern'] as string | undefined;
  if (pattern !== undefined) {
    return fc
      .stringMatching(new RegExp(pattern), { size: '-1' })
      .filter((s) => s.length <= maxLength);
  }
  const minLength = (node['minLength'] as number | undefined) ?? 0;
  return fc.oneof(
    { weight: 9, arbitrary: fc.string({ minLength, maxLength: Math.min(maxLength, 40) }) },
    { weight: 1, arbitrary: fc.constant('x'.repeat(maxLength)) },
  );
}

function object(node: Schema): Arbitrary<unknown> {
  const patterns = Object.values((node['patternProperties'] ?? {}) as object) as object[];
  if (patterns[0] !== undefined) {
    return fc.dictionary(fc.string({ maxLength: 10 }), arbitrary(patterns[0]), { maxKeys: 3 });
  }
  const known = Object.entries((node['properties'] ?? {}) as Record<string, object>);
  const record = fc.record(
    Object.fromEntries(known.map(([name, inner]) => [name, arbitrary(inner)])),
    { requiredKeys: (node['required'] ?? []) as string[] },
  );
  if (node['additionalProperties'] !== true) return record;
  const unknown = fc.option(fc.jsonValue(), { nil: undefined });
  return fc
    .tuple(record, unknown)
    .map(([value, extra]) =>
      extra === undefined ? value : { ...value, 'from the future': extra },
    );
}
