import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
} from 'yaml';
import type { Mistake } from './mistake.ts';
import { FORBIDDEN_KEYS, type Source, type Tree } from './tree.ts';

/** A configuration larger than this is something else. Characters. */
const LONGEST = 1024 * 1024;
/** After aliases are followed: what makes a "billion laughs" file small again. */
const MOST_NODES = 50_000;
const DEEPEST = 32;
const MOST_FAULTS = 3;

/** Thrown inside this file only, to leave a walk that can't be finished. */
class TooMuch extends Error {}

/**
 * YAML 1.2 (core schema) or JSON as a tree that knows its lines. What can't be read is reported in `mistakes`, by
 * the kind of fault and its place and never with the text itself, which may hold a secret. An empty text is undefined.
 */
export function parseYaml(
  name: string,
  text: string,
  mistakes: Mistake[],
  at: (line: number) => Source,
): Tree | undefined {
  const fault = (line: number, found: string, expected: string, path = '') =>
    mistakes.push({ path, found, expected, where: line > 0 ? `${name}:${line}` : name });
  if (text.length > LONGEST) {
    fault(0, `${text.length} characters`, `at most ${LONGEST}`);
    return undefined;
  }
  const lines = new LineCounter();
  let document: Document.Parsed;
  try {
    document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: false,
      stringKeys: false,
      logLevel: 'silent',
    });
  } catch (error) {
    // The parser recurses: brackets nested a hundred thousand deep end its stack.
    fault(0, `text that can't be parsed (${(error as Error).name})`, 'YAML or JSON');
    return undefined;
  }
  // What follows the first few faults mostly follows from them.
  for (const { code, pos } of [...document.errors, ...document.warnings].slice(0, MOST_FAULTS)) {
    const { line, col } = lines.linePos(pos[0]);
    const kind = code.toLowerCase().replaceAll('_', ' ');
    fault(line, `a fault in column ${col} (${kind})`, 'YAML 1.2 or JSON');
  }
  if (document.errors.length > 0 || document.warnings.length > 0) return undefined;

  const targets = aliasTargets(document);
  let nodes = 0;
  const walk = (node: unknown, path: readonly string[], line: number): Tree | undefined => {
    nodes += 1;
    if (nodes > MOST_NODES) throw new TooMuch(`more than ${MOST_NODES} values`);
    if (path.length > DEEPEST) throw new TooMuch(`more than ${DEEPEST} levels`);
    if (isAlias(node)) return walk(targets.get(node), path, line);
    const start = (node as { range?: [number, number, number] } | null)?.range?.[0];
    const here = start === undefined ? line : lines.linePos(start).line;
    const source = at(here);
    if (isScalar(node)) {
      const value = node.value;
      const known = value === null || ['string', 'number', 'boolean'].includes(typeof value);
      if (known) return { kind: 'scalar', value: value as string, source };
      fault(here, `a value of type ${typeof value}`, 'text, a number, true or false', dotted(path));
      return undefined;
    }
    if (isSeq(node)) {
      const items = node.items.map((item, i) => walk(item, [...path, String(i)], here));
      return { kind: 'list', items: items.filter((item) => item !== undefined), source };
    }
    if (isMap(node)) {
      const entries = new Map<string, Tree>();
      for (const pair of node.items) {
        const key = isScalar(pair.key) ? String(pair.key.value) : undefined;
        const keyAt = (pair.key as { range?: [number, number, number] } | null)?.range?.[0];
        const keyLine = keyAt === undefined ? here : lines.linePos(keyAt).line;
        if (key === undefined) fault(keyLine, 'a key that is no text', 'a name', dotted(path));
        else if (FORBIDDEN_KEYS.has(key)) {
          fault(keyLine, `the key ${key}`, 'another name', dotted([...path, key]));
        } else if (entries.has(key)) {
          fault(keyLine, 'the key twice', 'it once', dotted([...path, key]));
        } else {
          const member = walk(pair.value, [...path, key], keyLine);
          if (member !== undefined) entries.set(key, member);
        }
      }
      return { kind: 'map', entries, source };
    }
    // `key:` without a value in flow style has no node at all.
    return { kind: 'scalar', value: null, source };
  };
  if (document.contents === null) return undefined;
  try {
    return walk(document.contents, [], 1);
  } catch (error) {
    if (!(error instanceof TooMuch)) throw error;
    fault(0, error.message, 'a smaller file (aliases count as what they stand for)');
    return undefined;
  }
}

/** An alias stands for the last anchor of its name before it (YAML 1.2.2, 7.1). */
function aliasTargets(document: Document.Parsed): ReadonlyMap<Alias, unknown> {
  const anchors = new Map<string, unknown>();
  const targets = new Map<Alias, unknown>();
  visit(document, {
    Node(_key, node) {
      if (isAlias(node)) targets.set(node, anchors.get(node.source));
      else if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
}

function dotted(path: readonly string[]): string {
  return path.join('.');
}
