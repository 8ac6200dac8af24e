import type { Entity } from '@sallyport/gateway';
import { type Answer, complaint, ok } from './answer.ts';

/** Where an item stands in its list: compared part by part. */
export type Position = readonly (string | number)[];
export type Query = Readonly<Record<string, unknown>>;

const SIZE = { normal: 100, most: 1000 };

/**
 * One page of `items`, which are in the order of their positions. An offset is the position of the last item of the
 * page before, so what is added or removed meanwhile neither repeats nor hides anything else.
 */
export function page<T>(
  items: readonly T[],
  positionOf: (item: T) => Position,
  show: (item: T) => unknown,
  path: string,
  query: Query,
): Answer {
  const { size: sizeText, offset: offsetText } = query;
  const size = sizeText === undefined ? SIZE.normal : wholeNumber(sizeText);
  if (size === undefined || size < 1 || size > SIZE.most) {
    const text = `must be an integer between 1 and ${SIZE.most}`;
    return complaint('size', `size ${text}`, { size: text });
  }
  let rest = items;
  if (offsetText !== undefined) {
    const after = decodeOffset(offsetText);
    if (after === undefined) {
      const shown = typeof offsetText === 'string' ? offsetText : JSON.stringify(offsetText);
      const text = `'${shown}' is not a valid offset`;
      return complaint('offset', text, { offset: 'not one that a list gave' });
    }
    rest = items.filter((item) => compare(positionOf(item), after) > 0);
  }
  const data = rest.slice(0, size);
  const last = data.at(-1);
  const body = { data: data.map(show) };
  if (last === undefined || rest.length <= size) return ok({ ...body, next: null });
  const offset = Buffer.from(JSON.stringify(positionOf(last))).toString('base64url');
  const next = new URLSearchParams({ ...textOf(query), offset });
  next.sort();
  return ok({ ...body, next: `${path}?${next}`, offset });
}

export const positionOf = ({ created_at, id }: Entity): Position => [created_at, id];

/** Whether an entity has the tags that `?tags=` asks for: `a,b` both, `a/b` either. Undefined: it can't be read. */
export function tagFilter(query: Query): ((entity: object) => boolean) | undefined {
  const { tags } = query;
  if (tags === undefined) return () => true;
  if (typeof tags !== 'string' || !/^[^,/]+(?:(?:,[^,/]+)*|(?:\/[^,/]+)*)$/.test(tags)) {
    return undefined;
  }
  const wanted = tags.split(/[,/]/);
  const every = !tags.includes('/');
  return (entity) => {
    const { tags: own } = entity as { readonly tags?: readonly string[] | null };
    const has = (tag: string) => own?.includes(tag) === true;
    return every ? wanted.every(has) : wanted.some(has);
  };
}

function wholeNumber(text: unknown): number | undefined {
  return typeof text === 'string' && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function textOf(query: Query): Record<string, string> {
  const entries = Object.entries(query).filter(
    (entry): entry is [string, string] =>
      ['size', 'tags', 'custom_id'].includes(entry[0]) && typeof entry[1] === 'string',
  );
  return Object.fromEntries(entries);
}

function decodeOffset(text: unknown): Position | undefined {
  if (typeof text !== 'string' || !/^[A-Za-z0-9_-]{1,1024}$/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    const position =
      Array.isArray(value) &&
      value.length > 0 &&
      value.every((part) => typeof part === 'string' || typeof part === 'number');
    return position ? value : undefined;
  } catch {
    return undefined; // not ours
  }
}

/** By the first part that differs; one that is the beginning of the other comes first. */
export function compare(a: Position, b: Position): number {
  for (const [i, part] of a.entries()) {
    const other = b[i];
    if (other === undefined) return 1;
    if (part !== other) return part < other ? -1 : 1;
  }
  return a.length < b.length ? -1 : 0;
}
