import type { Pair } from './form-text.ts';

/** What a form says: text, lists and records of it. Types come from a schema, see `typedBy`. */
export type FormValue = string | FormValue[] | { [name: string]: FormValue };

export type Tree =
  | { readonly ok: true; readonly value: { [name: string]: FormValue } }
  | { readonly ok: false; readonly fault: string };

const MOST_FIELDS = 1000;
const MOST_STEPS = 16;

type Step =
  | { readonly field: string }
  | { readonly index: number }
  /** `[]`: behind what is there. */
  | 'append';

/** A place in the tree: text, a list or a record, by what was said of it. */
interface Place {
  readonly fields: Map<string, Place>;
  readonly items: Map<number, Place>;
  /** Texts and appended places, in order. */
  readonly list: (string | Place)[];
  /** Whether a list was said, be it of one. */
  bracketed: boolean;
}

/**
 * Puts fields in their places: `a.b=` and `a[b]=` are records, `a[]=`, `a[1]=` (counted from 1) and repeats are lists. A
 * name that isn't written like that is taken as it is.
 */
export function formTree(pairs: readonly Pair[]): Tree {
  if (pairs.length > MOST_FIELDS) {
    return { ok: false, fault: `${pairs.length} fields, the most allowed is ${MOST_FIELDS}` };
  }
  const root = place();
  for (const [name, value] of pairs) {
    const steps = stepsOf(name);
    if (steps.length > MOST_STEPS) return { ok: false, fault: `'${name}' has too many parts` };
    let at = root;
    for (const step of steps) at = enter(at, step);
    at.list.push(value);
  }
  const value = formValue(root);
  if (value === undefined) {
    return { ok: false, fault: 'a field is a record and a list or text at the same time' };
  }
  return { ok: true, value: value as { [name: string]: FormValue } };
}

function place(): Place {
  return { fields: new Map(), items: new Map(), list: [], bracketed: false };
}

function stepsOf(name: string): Step[] {
  const match = /^([^.[\]]+)((?:\.[^.[\]]+|\[[^[\]]*\])*)$/.exec(name);
  if (match === null) return [{ field: name }];
  const [, first = '', rest = ''] = match;
  const steps = rest.match(/\.[^.[\]]+|\[[^[\]]*\]/g) ?? [];
  return [{ field: first }, ...steps.map(stepOf)];
}

function stepOf(text: string): Step {
  if (text.startsWith('.')) return { field: text.slice(1) };
  const inner = text.slice(1, -1);
  if (inner === '') return 'append';
  return /^\d{1,4}$/.test(inner) ? { index: Number(inner) } : { field: inner };
}

function enter(at: Place, step: Step): Place {
  if (step === 'append') {
    const next = place();
    at.bracketed = true;
    at.list.push(next);
    return next;
  }
  if ('index' in step) {
    at.bracketed = true;
    return entry(at.items, step.index);
  }
  return entry(at.fields, step.field);
}

function entry<K>(map: Map<K, Place>, key: K): Place {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = place();
  map.set(key, made);
  return made;
}

/** Undefined when a place is a record and something else. */
function formValue(at: Place | string): FormValue | undefined {
  if (typeof at === 'string') return at;
  const listed = at.items.size + at.list.length;
  if (listed === 0) {
    const entries = [...at.fields].map(([name, inner]) => [name, formValue(inner)] as const);
    // Defines properties, whatever their names.
    return entries.some(([, value]) => value === undefined)
      ? undefined
      : Object.fromEntries(entries as [string, FormValue][]);
  }
  if (at.fields.size > 0) return undefined;
  const [only] = at.list;
  if (listed === 1 && !at.bracketed && only !== undefined) return formValue(only);
  const ordered = [...at.items].toSorted(([a], [b]) => a - b).map(([, inner]) => inner);
  const values = [...ordered, ...at.list].map(formValue);
  return values.includes(undefined) ? undefined : (values as FormValue[]);
}
