/**
 * Why an entity can't be written: an expected outcome, so a value. The kinds and the texts are the ones that clients
 * of Kong's Admin API know (`reference/gateway.md` 2.3), so that control only has to put a status beside them.
 */
export type Violation =
  /** Fields that break their rules. `fields` is keyed by the path of the field, `@entity` for rules over several. */
  | { readonly kind: 'schema'; readonly fields: Faults }
  /** Another entity has this value already. */
  | { readonly kind: 'unique'; readonly fields: Readonly<Record<string, unknown>> }
  /** A field refers to an entity that doesn't exist. */
  | { readonly kind: 'foreign'; readonly field: string; readonly to: string; readonly id: string }
  /** Others refer to the entity, and they don't go with it. */
  | { readonly kind: 'referenced'; readonly type: string; readonly by: string }
  | { readonly kind: 'not-found'; readonly type: string; readonly id: string };

/** Field path → what is wrong with it. */
export type Faults = Readonly<Record<string, string>>;

/** The sentence for people: `schema violation (name: required field missing)`. */
export function describe(violation: Violation): string {
  switch (violation.kind) {
    case 'schema': {
      const entries = Object.entries(violation.fields).toSorted(byField);
      const list = entries.map(([field, text]) => `${field}: ${text}`).join('; ');
      return entries.length === 1
        ? `schema violation (${list})`
        : `${entries.length} schema violations (${list})`;
    }
    case 'unique': {
      return `UNIQUE violation detected on '${table(violation.fields)}'`;
    }
    case 'foreign':
      return `the foreign key '{id="${violation.id}"}' in '${violation.field}' does not reference an existing '${violation.to}' entity`;
    case 'referenced':
      return `an existing '${violation.by}' entity references this '${violation.type}' entity`;
    case 'not-found':
      return `no '${violation.type}' entity '${violation.id}'`;
  }
}

/** As Lua writes a table: `{name="x",service={id="…"},route=null}`, by name. */
function table(fields: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(fields).toSorted(byField);
  const written = pairs.map(([name, value]) => {
    const nested = typeof value === 'object' && value !== null;
    return `${name}=${nested ? table(value as Record<string, unknown>) : JSON.stringify(value)}`;
  });
  return `{${written.join(',')}}`;
}

/** `@entity` first, the rest by name. */
function byField([a]: [string, unknown], [b]: [string, unknown]): number {
  if (a === b) return 0;
  if (a === '@entity') return -1;
  if (b === '@entity') return 1;
  return a < b ? -1 : 1;
}
