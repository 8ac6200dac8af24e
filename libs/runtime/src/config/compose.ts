import { Check } from 'typebox/value';
import { bearsSecret, cleanText, MASK } from '../log/redact.ts';
import { closest, type Mistake } from './mistake.ts';
import { DURATION, formatQuantity, parseQuantity, SIZE, type Units } from './quantity.ts';
import type { References } from './reference.ts';
import { describeShape, type Shape } from './schema.ts';
import { Secret } from './secret.ts';
import {
  type ListTree,
  type MapTree,
  place,
  plant,
  type ScalarTree,
  type Source,
  type Tree,
  uproot,
} from './tree.ts';
import { parseYaml } from './yaml.ts';

/** One effective value, ready to be shown. */
export interface Entry {
  readonly path: string;
  /** JSON, or as it is written in the configuration; `***` for a secret. */
  readonly shown: string;
  readonly source: Source;
  /** `env:NAME` or `file:/path` that the value was read through. */
  readonly through?: string;
}

/** What composing gathers on its way. */
export interface Findings {
  readonly mistakes: Mistake[];
  readonly entries: Entry[];
}

type Path = readonly string[];
type Found = Pick<Mistake, 'found'> & Partial<Mistake>;

/** Stands for "no such key in the result". */
const ABSENT = Symbol('absent');
const DEFAULT: Source = { kind: 'default' };
const MOST_SHOWN = 60;

/** `tree` as the value that `shape` describes, defaults filled in; what doesn't fit is reported, all of it. */
export async function compose(
  shape: Shape,
  tree: Tree | undefined,
  path: Path,
  references: References,
  findings: Findings,
): Promise<unknown> {
  return new Composer(references, findings).value(shape, tree, path);
}

class Composer {
  readonly #references: References;
  readonly #findings: Findings;

  constructor(references: References, findings: Findings) {
    this.#references = references;
    this.#findings = findings;
  }

  async value(shape: Shape, tree: Tree | undefined, path: Path): Promise<unknown> {
    const given = tree ?? preset(shape);
    if (given === undefined) {
      return this.#wrong(path, DEFAULT, { found: 'nothing', expected: describeShape(shape) });
    }
    if (shape.written === 'secret') return this.#secret(shape, given, path);
    if (shape.written !== undefined) return this.#quantity(shape, given, path);
    if (shape.anyOf !== undefined) return this.#union(shape, shape.anyOf, given, path);
    if (shape.type === 'object') return this.#object(shape, given, path);
    if (shape.type === 'array') return this.#list(shape, given, path);
    return this.#scalar(shape, given, path);
  }

  async #object(shape: Shape, given: Tree, path: Path): Promise<unknown> {
    const map = nothing(given) ? branch(given.source) : this.#unfold(given);
    if (map?.kind !== 'map') return this.#misfit(shape, given, path);
    const { properties = {}, required = [] } = shape;
    const out: Record<string, unknown> = {};
    for (const [key, inner] of Object.entries(properties)) {
      const tree = map.entries.get(key);
      const skip = tree === undefined && inner.default === undefined && !required.includes(key);
      const value = skip ? ABSENT : await this.value(inner, tree, [...path, key]);
      if (value !== ABSENT) out[key] = value;
    }
    for (const [key, tree] of map.entries) {
      if (Object.hasOwn(properties, key)) continue;
      const inner = othersOf(shape, key);
      if (inner === undefined) this.#unknown(shape, key, tree, path);
      else out[key] = await this.value(inner, tree, [...path, key]);
    }
    // Nothing else would show that there is one, with nothing in it.
    if (Object.keys(out).length === 0) this.#entry(path, '{}', given.source);
    return out;
  }

  async #list(shape: Shape, given: Tree, path: Path): Promise<unknown> {
    const list = this.#unfold(given);
    if (list?.kind !== 'list') return this.#misfit(shape, given, path);
    const out: unknown[] = [];
    for (const [i, tree] of list.items.entries()) {
      const inner = isTuple(shape.items) ? shape.items[i] : shape.items;
      out.push(await this.value(inner ?? {}, tree, [...path, String(i)]));
    }
    // An empty list has no leaf that would show it.
    if (out.length === 0) this.#entry(path, '[]', list.source);
    return out;
  }

  /** The variant that fits; of mappings, the one whose constant keys (`kind: redis`) fit. */
  async #union(
    shape: Shape,
    variants: readonly Shape[],
    given: Tree,
    path: Path,
  ): Promise<unknown> {
    const tree = this.#unfold(given, true) ?? given;
    const mappings = variants.filter((v) => v.type === 'object');
    if (tree.kind === 'map' && mappings.length > 0) {
      const named = mappings.find((v) => constantsFit(v, tree));
      if (named !== undefined) return this.value(named, tree, path);
      const [key, choices] = discriminant(mappings) ?? [];
      if (key === undefined || choices === undefined)
        return this.value(mappings[0] ?? {}, tree, path);
      // Which of them was meant can't be known, so their other keys can't be judged.
      return this.value(choices, tree.entries.get(key), [...path, key]);
    }
    const candidates =
      tree.kind === 'scalar' ? variants : variants.filter((v) => v.type === 'array');
    let only: Findings | undefined;
    for (const variant of candidates) {
      const findings: Findings = { mistakes: [], entries: [] };
      const value = await new Composer(this.#references, findings).value(variant, tree, path);
      if (findings.mistakes.length === 0) {
        this.#findings.entries.push(...findings.entries);
        return value;
      }
      only = findings;
    }
    if (candidates.length === 1) {
      this.#findings.mistakes.push(...(only?.mistakes ?? []));
      return ABSENT;
    }
    return this.#misfit(shape, given, path);
  }

  async #scalar(shape: Shape, given: Tree, path: Path): Promise<unknown> {
    const { tree, through } = await this.#follow(given, path);
    if (tree === undefined) return ABSENT;
    const value =
      tree.kind === 'scalar' && tree.untyped === true
        ? typed(shape, String(tree.value))
        : uproot(tree);
    if (!Check(shape as object, value)) return this.#misfit(shape, given, path, through);
    const hidden =
      through !== undefined || (typeof value === 'string' && bearsSecret(path.at(-1) ?? ''));
    this.#entry(path, hidden ? MASK : cleanText(JSON.stringify(value)), given.source, through);
    return value;
  }

  async #quantity(shape: Shape, given: Tree, path: Path): Promise<unknown> {
    const units = shape.written === 'duration' ? DURATION : SIZE;
    const { tree, through } = await this.#follow(given, path);
    if (tree === undefined) return ABSENT;
    // A bare number is bytes where a size is wanted; as a duration it could be seconds or milliseconds.
    const bare = shape.written === 'size' || given.source.kind === 'default';
    const value = quantityOf(uproot(tree), units, bare);
    const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = shape;
    if (value === undefined || value < minimum || value > maximum) {
      return this.#misfit(shape, given, path, through);
    }
    this.#entry(path, formatQuantity(value, units), given.source, through);
    return value;
  }

  async #secret(shape: Shape, given: Tree, path: Path): Promise<unknown> {
    const expected = describeShape(shape);
    const wrong = (found: string) => this.#wrong(path, given.source, { found, expected });
    const { tree, through } = await this.#follow(given, path);
    if (tree === undefined) return ABSENT;
    if (tree.kind !== 'scalar' || typeof tree.value !== 'string')
      return wrong(tree.kind === 'scalar' ? '***' : kindOf(tree));
    if (through === undefined && given.source.kind !== 'env') return wrong('*** written out');
    const { minLength = 1, maxLength = 64 * 1024 } = shape;
    if (tree.value.length < minLength || tree.value.length > maxLength) {
      return wrong(`*** of ${tree.value.length} characters`);
    }
    this.#entry(path, MASK, given.source, through);
    return new Secret(tree.value);
  }

  /** Follows a reference, if that is what was given. The tree is undefined when it leads nowhere (reported). */
  async #follow(given: Tree, path: Path): Promise<{ tree: Tree | undefined; through?: string }> {
    if (given.kind !== 'scalar' || typeof given.value !== 'string') return { tree: given };
    const resolved = await this.#references.resolve(given.value);
    if (resolved === undefined) return { tree: given };
    if ('fault' in resolved) {
      this.#wrong(path, given.source, {
        found: resolved.fault,
        expected: 'a reference that leads to a value',
      });
      return { tree: undefined };
    }
    return { tree: { ...given, value: resolved.text, untyped: true }, through: given.value };
  }

  /** An environment variable that holds a whole list or mapping: JSON, or for a list of scalars `a, b`. */
  #unfold(given: Tree, perhapsScalar = false): Tree | undefined {
    if (given.kind !== 'scalar' || given.untyped !== true) return given;
    const text = String(given.value).trim();
    if (text.startsWith('[') || text.startsWith('{')) {
      return parseYaml(
        place(given.source) ?? '',
        text,
        this.#findings.mistakes,
        () => given.source,
      );
    }
    if (perhapsScalar) return given;
    const words = text === '' ? [] : text.split(',').map((word) => word.trim());
    const items = words.map((word): ScalarTree => ({ ...given, value: word }));
    return { kind: 'list', items, source: given.source } satisfies ListTree;
  }

  #unknown(shape: Shape, key: string, tree: Tree, path: Path): void {
    const keys = Object.keys(shape.properties ?? {});
    const meant = closest(key, keys);
    const known = keys.length === 0 ? 'no key here' : `one of ${keys.slice(0, 20).join(', ')}`;
    this.#wrong([...path, key], tree.source, {
      found: 'an unknown key',
      expected: known,
      ...(meant === undefined ? {} : { meant }),
    });
  }

  #misfit(shape: Shape, given: Tree, path: Path, through?: string): typeof ABSENT {
    // What a reference led to may be a secret, whatever the schema thinks; so may what was put in a secret's place.
    const hidden = holdsSecret(shape) || bearsSecret(path.at(-1) ?? '');
    const shown = hidden && given.kind === 'scalar' ? MASK : kindOf(given);
    const found = through === undefined ? shown : `${MASK} (${through})`;
    return this.#wrong(path, given.source, { found, expected: describeShape(shape) });
  }

  #wrong(path: Path, source: Source, { found, expected = '', meant }: Found): typeof ABSENT {
    const where = place(source);
    this.#findings.mistakes.push({
      path: path.join('.'),
      found,
      expected,
      ...(where === undefined ? {} : { where }),
      ...(meant === undefined ? {} : { meant }),
    });
    return ABSENT;
  }

  #entry(path: Path, shown: string, source: Source, through?: string): void {
    this.#findings.entries.push({
      path: path.join('.'),
      shown,
      source,
      ...(through === undefined ? {} : { through }),
    });
  }
}

/** What stands in for a value that wasn't given. */
function preset(shape: Shape): Tree | undefined {
  if (shape.default !== undefined) return plant(shape.default, DEFAULT);
  return shape.type === 'object' && shape.properties !== undefined ? branch(DEFAULT) : undefined;
}

function branch(source: Source): MapTree {
  return { kind: 'map', entries: new Map(), source };
}

/** `edge:` with nothing after it. */
function nothing(tree: Tree): boolean {
  return tree.kind === 'scalar' && tree.value === null;
}

/** The schema of a key that isn't among the properties; undefined where there may be none. */
function othersOf(shape: Shape, key: string): Shape | undefined {
  for (const [pattern, inner] of Object.entries(shape.patternProperties ?? {})) {
    if (new RegExp(pattern, 'u').test(key)) return inner;
  }
  const { additionalProperties } = shape;
  if (typeof additionalProperties === 'object') return additionalProperties;
  return additionalProperties === true ? {} : undefined;
}

/** The key whose constant tells the variants apart (`kind`), and what it may be. */
function discriminant(variants: readonly Shape[]): [string, Shape] | undefined {
  for (const key of Object.keys(variants[0]?.properties ?? {})) {
    const shapes = variants.flatMap((v) => v.properties?.[key] ?? []);
    const constant = shapes.every((shape) => shape.const !== undefined);
    if (constant && shapes.length === variants.length) return [key, { anyOf: shapes }];
  }
  return undefined;
}

function constantsFit(variant: Shape, tree: MapTree): boolean {
  const constants = Object.entries(variant.properties ?? {}).filter(
    ([, p]) => p.const !== undefined,
  );
  return (
    constants.length > 0 &&
    constants.every(([key, p]) => {
      const member = tree.entries.get(key);
      return member?.kind === 'scalar' && String(member.value) === String(p.const);
    })
  );
}

/** Whether a secret is wanted here or anywhere inside. */
function holdsSecret(shape: Shape): boolean {
  const { written, anyOf = [], properties = {}, patternProperties = {}, items = [] } = shape;
  const inner = isTuple(items) ? items : [items];
  return (
    written === 'secret' ||
    [...anyOf, ...Object.values(properties), ...Object.values(patternProperties), ...inner].some(
      holdsSecret,
    )
  );
}

function isTuple(items: Shape['items'] | readonly Shape[]): items is readonly Shape[] {
  return Array.isArray(items);
}

function quantityOf(written: unknown, units: Units, bare: boolean): number | undefined {
  if (written === 0) return 0;
  if (typeof written === 'number') return bare && Number.isInteger(written) ? written : undefined;
  if (typeof written !== 'string') return undefined;
  return parseQuantity(bare && /^\d+$/.test(written) ? `${written}B` : written, units);
}

/** Text of the environment as the type that the schema wants; as it is when it can't be that. */
function typed(shape: Shape, text: string): unknown {
  const choices = shape.enum ?? (shape.const === undefined ? undefined : [shape.const]);
  if (choices !== undefined) return choices.find((choice) => String(choice) === text) ?? text;
  switch (shape.type) {
    case 'integer':
    case 'number':
      return /^[+-]?\d{1,17}(\.\d{1,17})?([eE][+-]?\d{1,3})?$/.test(text) ? Number(text) : text;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'null':
      return text === 'null' ? null : text;
    default:
      return text;
  }
}

/** What was found, for people: a scalar as JSON, anything larger by its kind alone. */
function kindOf(tree: Tree): string {
  if (tree.kind === 'list') return `a list of ${tree.items.length}`;
  if (tree.kind === 'map') return 'a mapping';
  const text = cleanText(JSON.stringify(tree.value));
  const short = text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
  return typeof tree.value === 'number' || typeof tree.value === 'boolean'
    ? `${short} (a ${typeof tree.value})`
    : short;
}
