/** A schema inside another one, or the outermost itself with path ''. */
export interface Nested {
  /** JSON pointer of the values it describes; `*` stands for any index or key. */
  readonly path: string;
  /** The property's own name; absent for the outermost, for items and for values of a record. */
  readonly name?: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

/** The schema and everything nested in it, outermost first. Knows the keywords that TypeBox writes for our contracts. */
export function nested(schema: object, path = '', name?: string): Nested[] {
  const node = schema as Record<string, unknown>;
  const found: Nested[] = [{ path, schema: node, ...(name === undefined ? {} : { name }) }];
  for (const [property, inner] of Object.entries((node['properties'] ?? {}) as object)) {
    found.push(...nested(inner as object, `${path}/${property}`, property));
  }
  for (const inner of Object.values((node['patternProperties'] ?? {}) as object)) {
    found.push(...nested(inner as object, `${path}/*`));
  }
  for (const keyword of ['items', 'additionalProperties']) {
    const inner = node[keyword];
    if (typeof inner === 'object' && inner !== null) found.push(...nested(inner, `${path}/*`));
  }
  for (const keyword of ['anyOf', 'oneOf', 'allOf']) {
    for (const inner of (node[keyword] ?? []) as object[]) found.push(...nested(inner, path, name));
  }
  return found;
}
