/** Keywords that say nothing about which values fit. */
const ANNOTATIONS = new Set(['title', 'description', 'examples', 'default', '$comment']);
const VARIANTS = ['anyOf', 'oneOf', 'allOf'];

type Schema = Record<string, unknown>;

/**
 * What breaks when messages of one version go from schema `before` to schema `after`, as sentences; empty when nothing does.
 *
 * Both directions count, for while a cluster is updated, old readers get new messages and new readers get old ones (and
 * the stream has old ones for as long as it keeps them). So within a version a property may be added, if it is optional,
 * and annotations may change; whatever narrows or widens what is there needs a new version.
 */
export function breakingChanges(before: object, after: object, path = ''): string[] {
  const [old, now] = [before as Schema, after as Schema];
  const at = path || '/';
  const found: string[] = [];
  for (const keyword of new Set([...Object.keys(old), ...Object.keys(now)])) {
    if (ANNOTATIONS.has(keyword) || keyword === 'required') continue;
    if (keyword === 'properties') {
      found.push(...propertyChanges(old, now, path));
    } else if (VARIANTS.includes(keyword)) {
      found.push(...listChanges(old[keyword], now[keyword], `${at} ${keyword}`, path));
    } else if (isSchema(old[keyword]) && isSchema(now[keyword])) {
      found.push(...nestedChanges(keyword, old[keyword], now[keyword], path));
    } else if (JSON.stringify(old[keyword]) !== JSON.stringify(now[keyword])) {
      found.push(
        `${at} ${keyword} was ${JSON.stringify(old[keyword]) ?? 'absent'}, is ${JSON.stringify(now[keyword]) ?? 'absent'}`,
      );
    }
  }
  return found;
}

function propertyChanges(old: Schema, now: Schema, path: string): string[] {
  const [had, has] = [properties(old), properties(now)];
  const [needed, needs] = [required(old), required(now)];
  const found: string[] = [];
  for (const [name, schema] of Object.entries(had)) {
    const inner = has[name];
    if (inner === undefined) {
      found.push(`${path}/${name} was removed`);
      continue;
    }
    if (needs.has(name) && !needed.has(name)) found.push(`${path}/${name} became required`);
    if (!needs.has(name) && needed.has(name)) found.push(`${path}/${name} became optional`);
    found.push(...breakingChanges(schema, inner, `${path}/${name}`));
  }
  for (const name of Object.keys(has)) {
    if (had[name] !== undefined) continue;
    if (needs.has(name)) found.push(`${path}/${name} is new and required`);
    // An open object lets old readers skip it; a closed one doesn't.
    if (old['additionalProperties'] !== true) {
      found.push(`${path}/${name} is new in an object that isn't open`);
    }
  }
  return found;
}

function listChanges(before: unknown, after: unknown, at: string, path: string): string[] {
  const [old, now] = [before, after].map((v) => (Array.isArray(v) ? (v as Schema[]) : []));
  if (old === undefined || now === undefined || old.length !== now.length) {
    return [`${at} had ${old?.length} variants, has ${now?.length}`];
  }
  return old.flatMap((schema, i) => breakingChanges(schema, now[i] as Schema, `${path}<${i}>`));
}

/** `items`, `additionalProperties` as a schema, and `patternProperties` by pattern. */
function nestedChanges(keyword: string, old: Schema, now: Schema, path: string): string[] {
  if (keyword !== 'patternProperties') return breakingChanges(old, now, `${path}/*`);
  const patterns = new Set([...Object.keys(old), ...Object.keys(now)]);
  return [...patterns].flatMap((pattern) => {
    const [before, after] = [old[pattern], now[pattern]];
    return isSchema(before) && isSchema(after)
      ? breakingChanges(before, after, `${path}/*`)
      : [`${path || '/'} pattern ${pattern} was ${isSchema(before) ? 'removed' : 'added'}`];
  });
}

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const properties = (schema: Schema) => (schema['properties'] ?? {}) as Record<string, Schema>;
const required = (schema: Schema) => new Set((schema['required'] ?? []) as string[]);
